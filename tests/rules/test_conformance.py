"""The Conformance Statement says what the tables and the profile say."""

import re

import pytest

from viewer.cli import run
from viewer.dicom.codecs import SYNTAXES
from viewer.dicom.decisions import Action
from viewer.rules.conformance import statement
from viewer.rules.profiles import BASIC, shipped_profiles
from viewer.rules.recipe import BirthDate, Option, Override, Profile
from viewer.rules.standard import resolve, standard


def rows_of(text: str) -> dict[str, list[str]]:
    found = {}
    for line in text.split("## Table E.1-1 under this profile")[1].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0].startswith("("):
            found[cells[0]] = cells[1:]
    return found


@pytest.mark.parametrize("profile", shipped_profiles(), ids=lambda p: p.name)
def test_every_row_of_the_table_is_there_with_its_code(profile) -> None:
    rows = rows_of(statement(profile, ()))
    table = standard()
    assert len(rows) == len(table.rows) + len(table.patterns) + 1
    for tag, row in table.rows.items():
        told = rows[f"({tag >> 16:04X},{tag & 0xFFFF:04X})"]
        assert told[1] == row.code(profile.options)[0]


def test_the_counts_are_those_of_the_rows() -> None:
    text = statement(BASIC, ())
    told = {
        cells[0]: int(cells[3])
        for cells in re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.M)
    }
    wanted = sum(resolve(r.basic, "3") == "X" for r in standard().rows.values())
    wanted += sum(resolve(r.basic, "3") == "X" for r in (*standard().patterns, standard().private))
    assert told["removed"] == wanted
    assert sum(told.values()) == len(rows_of(text))


@pytest.mark.parametrize("option", Option, ids=lambda o: o.value)
def test_an_option_changes_the_statement(option) -> None:
    text, basic = statement(Profile("x", frozenset((option,))), ()), statement(Profile("x"), ())
    assert rows_of(text) != rows_of(basic) or option is Option.RETAIN_SAFE_PRIVATE
    assert text != basic


def test_choices_and_deviations_are_told() -> None:
    profile = Profile("x", overrides=(Override("(0008,0070)", Action.KEEP),), birth_date=BirthDate.YEAR)
    text = statement(profile, ())
    assert "(0008,0070): keep" in text
    assert "the Basic Profile is not claimed" in text


def test_the_command_prints_every_transfer_syntax(capsys) -> None:
    assert run(["conformance", "--profile", "teaching"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("| ") > len(SYNTAXES)
    assert all(syntax.capability in printed for syntax in SYNTAXES.values())
