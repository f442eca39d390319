"""Table E.1-1 and the Types of PS3.3: every row, option and Type, and the plan that comes of it."""

import csv
import gzip
import os
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.factories import KEYRING, KINDS, item, put_raw, to_bytes
from tests.planting import ROWS
from viewer.dicom.decisions import Action
from viewer.dicom.errors import BrokenResource
from viewer.dicom.parsing import parse
from viewer.rules import standard as module
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Profile, Recipe
from viewer.rules.standard import iod_of, resolve, standard, table

TYPES = ("1", "1C", "2", "2C", "3", "")
DEID_RULES = {
    # section 2 of the rules: by Type 1 and 1C, 2 and 2C, 3 and not in the IOD
    "X": "XXX", "Z": "ZZZ", "D": "DDD", "U": "UUU", "K": "KKK", "C": "CCC",
    "X/Z": "ZZX", "X/D": "DDX", "Z/D": "DZZ", "X/Z/D": "DZX", "X/Z/U*": "*ZX",
}  # fmt: skip
SURROGATES = {0x00100010, 0x00100020, 0x00080050, 0x00200010}
EXACT = [row for row in ROWS if row["mask"] == 0xFFFFFFFF and row["tag"] >> 16 > 4]
"""Rows with a single tag, but for groups 0000, 0002, 0004, which go whole (PS3.15 E.1.1 steps 7, 9)."""
IDS = [f"{row['tag']:08X}" for row in ROWS]
PLANTED = {
    "AE": b"AETITLE1", "AS": b"045Y", "CS": b"CODE", "DA": b"20200102", "DS": b"12", "DT": b"20200102101112",
    "IS": b"12", "LO": b"chest", "LT": b"chest", "OB": b"\1\2", "PN": b"Some^One", "SH": b"chest",
    "ST": b"chest", "TM": b"101112", "UC": b"chest", "UI": b"1.2.3.4.55\0", "UN": b"\1\2",
    "UR": b"http://x.example", "US": b"\1\0", "UT": b"chest",
}  # fmt: skip


def expected_code(code: str, iod_type: str) -> str:
    column = 0 if iod_type in ("1", "1C") else 1 if iod_type in ("2", "2C") else 2
    return DEID_RULES[code][column]


@pytest.mark.parametrize("iod_type", TYPES)
@pytest.mark.parametrize("code", sorted(DEID_RULES))
def test_codes_resolve_as_the_rules_say(code: str, iod_type: str) -> None:
    assert resolve(code, iod_type).replace("U*", "*") == expected_code(code, iod_type)


@pytest.mark.parametrize("line", ROWS, ids=IDS)
def test_every_row_under_every_option_and_type(line: dict) -> None:
    row = standard().private if line["mask"] == 0x10000 else standard().row(line["tag"])
    assert row is not None
    assert row.code(frozenset()) == (line["basic"], None)
    for option in Option:
        code, of = row.code(frozenset((option,)))
        wanted = line["options"].get(option.value)
        assert (code, of) == ((wanted, option) if wanted else (line["basic"], None))
        for iod_type in TYPES:
            assert resolve(code, iod_type).replace("U*", "*") == expected_code(code, iod_type)


@pytest.mark.parametrize("line", [r for r in ROWS if len(r["options"]) > 1], ids=lambda r: f"{r['tag']:08X}")
def test_cleaning_wins_where_two_options_meet(line: dict) -> None:
    row = standard().row(line["tag"])
    for first in line["options"]:
        for second in line["options"]:
            codes = {line["options"][first], line["options"][second]}
            code, _ = row.code(frozenset((Option(first), Option(second))))
            assert code == ("C" if "C" in codes else "K")


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (0x50000010, "Curve Data"),
        (0x501E3000, "Curve Data"),
        (0x60003000, "Overlay Data"),
        (0x601E3000, "Overlay Data"),
        (0x60024000, "Overlay Comments"),
        (0x50200010, None),
        (0x60203000, None),
        (0x60000010, None),
        (0x00280010, None),
    ],
)
def test_patterns_reach_sixteen_groups_and_no_further(tag: int, name: str | None) -> None:
    row = standard().row(tag)
    assert (row.name if row else None) == name


# --- through the real plan ---------------------------------------------------------------------------------


def everything(kind: str) -> Dataset:
    """Return an object of a kind that holds every row of the table with a single tag at its top level."""
    made = KINDS[kind]()
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    for number, row in enumerate(EXACT):
        if row["tag"] in (0x00080018, 0x0020000D, 0x0020000E):
            continue
        if row["vr"] == "SQ":
            made.add_new(
                row["tag"], "SQ", [item(CodeValue="1", CodingSchemeDesignator="DCM", CodeMeaning="x")]
            )
        else:
            value = PLANTED[row["vr"]]
            if value == b"chest":  # no two alike, or the sweep takes what goes here out of what stays there
                value = f"chest {number}".encode()
            put_raw(made, row["tag"], row["vr"], value + b" " * (len(value) % 2))
    return parse(to_bytes(made))


def expected_action(row: dict, iod_type: str, option: Option | None) -> Action:
    """Return the action that the rules ask for, worked out without the engine."""
    tag, vr, basic = row["tag"], row["vr"], expected_code(row["basic"], iod_type)
    code = row["options"].get(option.value) if option else None
    if code == "K":
        return Action.KEEP
    if code == "C":
        if option is Option.RETAIN_MODIFIED_DATES and vr in ("DA", "DT"):
            return Action.SHIFT
        if option is Option.RETAIN_MODIFIED_DATES and vr in ("TM", "SH"):
            return Action.KEEP
        if vr == "SQ":
            return Action.KEEP
        if vr == "AE":
            return Action.REPLACE
        if vr in ("LO", "SH", "ST", "LT", "UT", "UC", "AS"):
            return Action.CLEAN
    if basic == "Z" and tag in SURROGATES:
        return Action.REPLACE
    if basic == "Z" and iod_type.startswith("1"):
        return Action.REPLACE
    return {
        "X": Action.REMOVE, "Z": Action.EMPTY, "D": Action.REPLACE, "U": Action.REMAP, "*": Action.KEEP,
    }[basic]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_row_at_the_top_of_a_real_object(kind: str) -> None:
    """Each row with a single tag under no option and under each of the ten, by its Type in this IOD."""
    dataset = everything(kind)
    node = iod_of(str(dataset.SOPClassUID))
    for option in (None, *Option):
        profile = Profile("one", frozenset((option,)) if option else frozenset())
        made = {d.path[0]: d for d in plan(dataset, Recipe(profile), KEYRING).decisions if len(d.path) == 1}
        wrong = []
        for row in EXACT:
            decision = made[row["tag"]]
            wanted = expected_action(row, node.type_of(row["tag"]), option)
            if row["tag"] in (0x00380050, 0x00400012) and option is Option.RETAIN_PATIENT_CHARACTERISTICS:
                continue  # see test_open_defects: they are taken for identity and swept from themselves
            if row["vr"] == "UI" and decision.action is Action.REMAP and wanted is Action.REPLACE:
                continue  # a mapped UID is a dummy to which references still lead
            if decision.action is not wanted:
                wrong.append((row["name"], node.type_of(row["tag"]), decision.action.value, wanted.value))
        assert wrong == [], option


def test_an_object_of_an_unknown_class_gets_the_strictest_action() -> None:
    dataset = everything("CT")
    dataset.SOPClassUID = "1.2.3.4.5.6"
    made = {d.path[0]: d for d in plan(dataset, Recipe(Profile("p")), KEYRING).decisions if len(d.path) == 1}
    for row in EXACT:
        if row["basic"].startswith("X"):
            assert made[row["tag"]].action is Action.REMOVE


# --- Types of PS3.3 ----------------------------------------------------------------------------------------


def _types_table() -> Path:
    corpus = Path(os.environ.get("DEID_CORPUS", Path(__file__).resolve().parents[2] / "../shared/data"))
    return corpus.resolve().parent / "standard" / "iod_types_e11.csv.gz"


@pytest.mark.corpus
def test_types_of_all_places_agree_with_the_independent_list() -> None:
    """27,821 places: SOP Class, path, strictest Type and the action that follows from it."""
    path = _types_table()
    if not path.is_file():
        pytest.skip("The list of Types by SOP Class is not here; it stands beside the larger corpus.")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 27_821
    wrong = []
    for line in lines:
        *above, last = (int(tag, 16) for tag in line["path"].split("/"))
        node = iod_of(line["sop_class_uid"])
        for tag in above:
            node = node.child(tag) if node else None
        found = node.type_of(last) if node else "no such place"
        action = resolve(line["basic_action"], found)
        if found != line["type_strictest"] or action != line["resolved_action"]:
            wrong.append(
                (line["iod"], line["path"], found, line["type_strictest"], action, line["resolved_action"])
            )
    assert wrong == []


def test_unknown_and_private_classes_have_no_iod() -> None:
    assert iod_of("1.2.3.4") is None
    assert iod_of("") is None


def test_a_damaged_table_is_refused(tmp_path, monkeypatch) -> None:
    (tmp_path / "standard").mkdir()
    source = module.resource("standard", "manifest.json")
    (tmp_path / "standard" / "manifest.json").write_bytes(source.read_bytes())
    (tmp_path / "standard" / "profile.json").write_bytes(b"[]")
    monkeypatch.setattr(module, "resource", lambda *parts: tmp_path.joinpath(*parts))
    table.cache_clear()
    module._manifest.cache_clear()
    try:
        with pytest.raises(BrokenResource, match="damaged"):
            table("profile.json")
        with pytest.raises(BrokenResource, match="missing"):
            table("vocabulary.json")
        (tmp_path / "standard" / "manifest.json").write_bytes(b'{"edition": "2019a", "files": {}}')
        module._manifest.cache_clear()
        table.cache_clear()
        with pytest.raises(BrokenResource, match="edition"):
            module._manifest()
    finally:
        table.cache_clear()
        module._manifest.cache_clear()
