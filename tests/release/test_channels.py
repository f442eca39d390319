"""The residual search as one table: every channel is clean, waived with a reason, or held."""

import json

import pytest
from click.testing import CliRunner

from tests.factories import KEYRING, KINDS, ct_slice, instance_of, put_raw, to_bytes, write
from viewer.cli import commands
from viewer.dicom.decisions import Action
from viewer.release.batch import Job, export
from viewer.release.channels import CHANNELS
from viewer.release.channels import KINDS as IDENTITIES
from viewer.release.report_file import report_json
from viewer.rules.recipe import Option, Override, Profile, Recipe


def exported(tmp_path, made, profile: Profile):
    source = write(tmp_path / "in" / "a.dcm", to_bytes(made))
    recipe = Recipe(profile)
    job = Job((instance_of(source, made),), frozenset(), recipe, KEYRING, tmp_path / "out")
    return export(job), recipe


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_channel_of_a_written_file_is_clean(kind, tmp_path) -> None:
    report, _ = exported(tmp_path, KINDS[kind](), Profile("basic"))
    cells = report.search_table()
    channels = {channel for channel, _ in cells}
    assert {"preamble and file meta", "listed attributes", "file and folder names"} <= channels
    assert channels <= set(CHANNELS)
    assert {k for _, k in cells} >= {"name", "identifier", "date", "UID", "institution", "device number"}
    assert all((cell.clean, cell.waived, cell.held) == (1, 0, 0) for cell in cells.values())


def test_what_an_option_or_a_person_keeps_is_waived_with_the_reason(tmp_path) -> None:
    options = frozenset((Option.RETAIN_FULL_DATES, Option.RETAIN_INSTITUTION_IDENTITY))
    profile = Profile("p", options, (Override("00181000", Action.KEEP),))
    report, _ = exported(tmp_path, ct_slice(), profile)
    cells = report.search_table()
    assert cells["listed attributes", "date"].reasons == {"rtn_long_full_dates"}
    assert cells["listed attributes", "institution"].reasons == {"rtn_inst_id"}
    assert cells["listed attributes", "device number"].reasons == {"a person's choice"}
    assert cells["listed attributes", "name"].clean == 1


def test_what_is_found_is_held_in_its_channel(tmp_path) -> None:
    made = ct_slice()
    put_raw(made, 0x00189073, "FD", b"QUENBERT")  # a number whose bytes are letters stays as it is
    report, recipe = exported(tmp_path, made, Profile("basic"))
    assert report.counts["held"] == 1
    cells = report.search_table()
    assert [(key, cell.held) for key, cell in cells.items()] == [(("other attributes", "name"), 1)]
    rows = json.loads(report_json(report, product="test", recipe=recipe))["search"]
    assert rows == [{"channel": "other attributes", "kind": "name", "clean": 0, "waived": 0, "held": 1}]


def test_the_command_line_prints_the_table(tmp_path) -> None:
    source = write(tmp_path / "in" / "a.dcm", to_bytes(ct_slice()))
    arguments = ["clean", str(source), "--out", str(tmp_path / "out"), "--key-file", str(tmp_path / "key")]
    shown = CliRunner().invoke(commands, arguments).output
    line = next(line for line in shown.splitlines() if line.startswith("listed attributes"))
    assert line.split()[2:] == ["clean"] * 6
    assert len(set(IDENTITIES)) == 7
