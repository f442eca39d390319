"""Every row of Table E.1-1 x every option and allowed pair x every Type: what the output holds of it.

What is expected is worked out here from the table as data and the rules of PS3.15 E.3, not by the program.
"""

import json
from datetime import date
from itertools import combinations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import KEYRING, base, item, put_raw
from viewer.release.apply import apply
from viewer.resources import resource
from viewer.rules import plan as planning
from viewer.rules.recipe import Option, Profile, Recipe
from viewer.rules.standard import IodNode

ROWS = {
    row["tag"]: row
    for row in json.loads(resource("standard", "profile.json").read_bytes())
    if row["mask"] == 0xFFFFFFFF and row["tag"] >> 16 > 0x0004
}
OPTIONS = sorted({name for row in ROWS.values() for name in row["options"]} | {"rtn_safe_priv"})
DATES = {"rtn_long_full_dates", "rtn_long_modif_dates"}
SETS = [
    frozenset(),
    *(frozenset((one,)) for one in OPTIONS),
    *(frozenset(pair) for pair in combinations(OPTIONS, 2) if set(pair) != DATES),
]
TYPES = ("1", "2", "3")
RESOLVED = {
    "X/Z": {"1": "Z", "2": "Z", "3": "X"},
    "X/D": {"1": "D", "2": "D", "3": "X"},
    "Z/D": {"1": "D", "2": "Z", "3": "Z"},
    "X/Z/D": {"1": "D", "2": "Z", "3": "X"},
    "X/Z/U*": {"1": "U*", "2": "Z", "3": "X"},
}
TOKEN = "Zwettlinger"
TEXTS = ("LO", "SH", "ST", "LT", "UT", "UC")
DAY = "20240517"
KEPT_BY_VR = {
    "DA": DAY,
    "DT": f"{DAY}101112",
    "TM": "101112",
    "AS": "045Y",
    "CS": "OTHER",
    "SH": "+0100",
    "UI": "",
}
HELD_BY_DESIGN = {0x00420011: "a document of a kind that is not known has no harmless stand-in"}
HARMLESS = ("OTHER", "0")
"""Values that are dummies themselves."""


def _value(row: dict) -> str | bytes | None:
    vr, tag = row["vr"].split(" ")[0], row["tag"]
    if vr in TEXTS:
        if tag == 0x00080201:  # Timezone Offset From UTC
            return "+0100"
        if "K" in row["options"].values():
            return "Qu" + "".join(chr(97 + int(digit, 16)) for digit in f"{tag:X}")
        text = f"chest {TOKEN}" if row["options"].get("clean_desc") == "C" else TOKEN
        return text[: 16 if vr == "SH" else None]
    if vr == "UI":
        return f"1.2.826.0.1.3680043.99999.5.{tag}"
    if vr == "PN":
        return f"{TOKEN}^Ida"
    if vr in ("OB", "OW", "UN"):
        return TOKEN.encode() + b"\0"
    if vr == "UR":
        return (
            "http://quintessence.example/" if "K" in row["options"].values() else f"http://{TOKEN}.example/"
        )
    if vr == "AE":
        return TOKEN
    return {"DS": "17.25", "IS": "17", "CS": TOKEN.upper(), **KEPT_BY_VR}.get(vr)


def _everything() -> tuple[Dataset, dict[int, str | bytes]]:
    """Return a data set with every row of the table, and the value of each that is no sequence."""
    made, values = base("1.2.840.10008.5.1.4.1.1.2", "CT", series=1), {}
    for tag, row in ROWS.items():
        if row["vr"] == "SQ":
            inner = item(PatientName=f"{TOKEN}^Ida", ReferencedSOPInstanceUID="1.2.826.0.1.3680043.99999.6.1")
            made.add_new(tag, "SQ", Sequence([inner]))
            continue
        value = _value(row)
        if value is None or tag in HELD_BY_DESIGN:
            continue
        raw = value if isinstance(value, bytes) else value.encode()
        padding = b"\0" if row["vr"] in ("UI", "OB", "UN") else b" "
        put_raw(made, tag, row["vr"].split(" ")[0], raw + padding * (len(raw) % 2))
        values[tag] = value
    made.set_original_encoding(False, True, "iso8859")
    return made, values


def expected(row: dict, options: frozenset[str], kind: str) -> tuple[str, str]:
    """Return the resolved code of a row and the option it comes from; C wins over K."""
    chosen = sorted((code, option) for option, code in row["options"].items() if option in options)
    code, option = chosen[0] if chosen else (row["basic"], "")
    basic = RESOLVED.get(row["basic"], {}).get(kind, row["basic"])
    if code == "C" and not _can_be_cleaned(row, option):
        return basic, ""
    return RESOLVED.get(code, {}).get(kind, code), option


def _can_be_cleaned(row: dict, option: str) -> bool:
    """Return whether cleaning can leave anything of this test's value; else the basic code holds."""
    vr = row["vr"].split(" ")[0]
    if vr == "SQ" or option == "rtn_long_modif_dates":
        return vr != "OB"
    return (vr in TEXTS and row["options"].get("clean_desc") == "C") or vr == "AE"


def _text(dataset: Dataset, tag: int) -> str | None:
    """Return what an output holds of an element, None when it is not there."""
    if tag not in dataset:
        return None
    element = dataset[tag]
    if element.VR == "SQ":
        return json.dumps([one.to_json_dict() for one in element.value])
    value = element.value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return "" if value is None else str(value)


def _problem(
    row: dict, code: str, option: str, kind: str, was: str | bytes | None, now: str | None
) -> str | None:
    """Return what is wrong with an output, None when it is as the table wants it."""
    old = was.decode() if isinstance(was, bytes) else was
    if (
        now is not None
        and code != "K"
        and (TOKEN.lower() in now.lower() or (code != "C" and now == old != ""))
    ):
        return None if old in HARMLESS else "the value is still there"
    if code == "X":
        return None if now is None else "present"
    if now is None:
        return "absent"
    if row["vr"] == "SQ":
        return _wrong_sequence(code, kind, now)
    if code in ("K", "C"):
        return _wrong_kept(row["vr"].split(" ")[0], code, option, str(old), now)
    if (code in ("D", "U") or kind == "1") and not now:
        return "empty"
    return None


def _wrong_sequence(code: str, kind: str, now: str) -> str | None:
    if TOKEN in now:
        return "a name inside"
    if code in ("D", "K", "C", "U*") and now == "[]":
        return "no item"
    return "the old UID inside" if "99999.6.1" in now and code in ("U*", "D", "Z") else None


def _wrong_kept(vr: str, code: str, option: str, old: str, now: str) -> str | None:
    if code == "K":
        return None if now == old else "changed"
    if option == "rtn_long_modif_dates":
        if vr in ("DA", "DT"):
            moved = date.fromisoformat(f"{now[:4]}-{now[4:6]}-{now[6:8]}") < date(2024, 5, 17)
            return None if moved and now[8:] == old[8:] else "not moved"
        return "changed" if vr in ("TM", "SH") and now != old else None
    if vr in TEXTS:
        return None if now.startswith("chest") else "the word of anatomy is gone"
    return None


@pytest.mark.parametrize("kind", TYPES)
def test_every_row_under_every_option_and_pair(kind, monkeypatch) -> None:
    node = IodNode(({f"{tag:08X}": kind for tag in ROWS},), {})
    monkeypatch.setattr(planning, "iod_of", lambda _: node)
    source, values = _everything()
    problems, looked_at = [], 0
    for options in SETS:
        profile = Profile("table", frozenset(map(Option, options)))
        made = planning.plan(source, Recipe(profile), KEYRING)
        output = apply(source, made)
        for tag, row in ROWS.items():
            if row["vr"] != "SQ" and tag not in values:
                continue
            code, option = expected(row, options, kind)
            wrong = _problem(row, code, option, kind, values.get(tag), _text(output, tag))
            looked_at += 1
            if wrong:
                problems.append(f"{tag:08X} {row['name']} {code} {sorted(options)} Type {kind}: {wrong}")
    assert looked_at > 30_000
    assert not problems, f"{len(problems)}\n" + "\n".join(problems[:60])
