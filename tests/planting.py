"""Puts a token of its own into every place of an object where identity may hide, and says which must go."""

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import item, put_raw, raw_element, uid
from viewer.resources import resource

ROWS = json.loads(resource("standard", "profile.json").read_bytes())
SWEEP = json.loads(resource("standard", "vr_sweep.json").read_bytes())
DATE_OPTIONS = {"rtn_long_full_dates", "rtn_long_modif_dates"}
CHAIN = (0x00540220, 0x00540222, 0x00082218)
"""Sequences that Table E.1-1 does not list; nested in one another they lead three levels down."""
_LEAVE_ALONE = {
    0x00080018,
    0x0020000D,
    0x0020000E,
    0x00420011,
    0x0040A730,
    0x00080201,
    0x00700001,
    0x0040B020,
}
"""Rows that an object needs as they are, or that are planted in another way."""


@dataclass(frozen=True)
class Token:
    """Something that must not be found in the output, unless one of these options keeps its place."""

    text: str
    where: str
    kept_by: frozenset[str] = frozenset()

    def must_go(self, options: Iterable[str]) -> bool:
        return not self.kept_by & set(options)


@dataclass
class Planter:
    """Counts tokens, so that no two are the same."""

    tokens: list[Token] = field(default_factory=list)
    number: int = 0

    def value(self, vr: str, where: str, kept_by: Iterable[str] = ()) -> str | bytes | None:
        """Return a fresh value of a VR and remember it; None for VRs that can hold no token."""
        self.number += 1
        made = _token(vr, self.number)
        if made is not None:
            text = made.decode() if isinstance(made, bytes) else made
            self.tokens.append(Token(text.strip("\0"), where, frozenset(kept_by)))
        return made


def _token(vr: str, n: int) -> str | bytes | None:
    word = f"QZ{n:05d}PLANT"
    if vr in ("LO", "SH", "ST", "LT", "UT", "UC", "AE", "CS"):
        return word
    day = f"{date(1921, 1, 1) + timedelta(days=n):%Y%m%d}"
    return {
        "PN": f"{word}^GIVEN",
        "UR": f"http://{word}.example/",
        "UI": uid(7, 7, 700000 + n),
        "DA": day,
        "DT": f"{day}101112",
        "TM": f"112233.{n:06d}",
        "OB": word.encode(),
        "UN": word.encode(),
    }.get(vr)


def _kept_by(row: dict) -> set[str]:
    codes = row["options"]
    return {o for o, c in codes.items() if c == "K" or o in DATE_OPTIONS or (o == "rtn_uids" and c == "K")}


def put(dataset: Dataset, tag: int, vr: str, value: object) -> None:
    """Put a value in, as bytes so that nothing validates it."""
    raw = value if isinstance(value, bytes) else str(value).encode()
    padding = b"\0" if vr in ("UI", "OB", "UN") else b" "
    put_raw(dataset, tag, vr, raw + padding * (len(raw) % 2))


def plant_listed(dataset: Dataset, planter: Planter, *, sequences: bool) -> None:
    """Give every row of Table E.1-1 with a single tag a token; existing attributes of the object too."""
    for row in ROWS:
        tag, vr = row["tag"], row["vr"]
        if row["mask"] != 0xFFFFFFFF or tag in _LEAVE_ALONE or tag & 0x10000:
            continue
        if vr == "SQ":
            if sequences and tag in DicomDictionary:
                dataset.add_new(tag, "SQ", Sequence([_person_item(planter, row["name"])]))
            continue
        value = planter.value(vr, row["name"], _kept_by(row))
        if value is not None:
            put(dataset, tag, vr, value)


def _person_item(planter: Planter, where: str) -> Dataset:
    made = Dataset()
    put(made, 0x00100010, "PN", planter.value("PN", f"{where} > name"))
    put(made, 0x00100020, "LO", planter.value("LO", f"{where} > id"))
    return made


def plant_nested(dataset: Dataset, planter: Planter) -> None:
    """Give the rows of the table and the unlisted identifying attributes tokens, three levels down."""
    deepest = Dataset()
    plant_listed(deepest, planter, sequences=False)
    plant_unlisted(deepest, planter)
    put(deepest, 0x00080018, "UI", planter.value("UI", "nested SOP Instance UID", {"rtn_uids"}))
    inner = deepest
    for tag in reversed(CHAIN):
        outer = Dataset()
        outer.add_new(tag, "SQ", Sequence([inner]))
        inner = outer
    for tag in inner._dict:
        dataset[tag] = inner[tag]


def plant_unlisted(dataset: Dataset, planter: Planter) -> None:
    """Give attributes that the table does not name, but whose VR identifies, a token."""
    for line in SWEEP:
        tag = int(line["tag"][1:5] + line["tag"][6:10], 16)
        vr = str(dictionary_VR(tag))
        if line["role"].startswith("structural") or vr == "SQ":
            continue
        kept = {"UI": {"rtn_uids"}, "PN": set()}.get(vr, DATE_OPTIONS)
        put(dataset, tag, vr, planter.value(vr, f"unlisted {line['tag']}", kept))


def plant_private(dataset: Dataset, planter: Planter) -> None:
    """Add private blocks: explicit, UN, a sequence, one without a creator, one in a nested item."""
    word = planter.value("LO", "private creator")
    put(dataset, 0x00110010, "LO", word)
    put(dataset, 0x00111001, "LO", planter.value("LO", "private LO"))
    put(dataset, 0x00111002, "UN", planter.value("UN", "private UN"))
    put(dataset, 0x00111003, "PN", planter.value("PN", "private PN"))
    put(dataset, 0x00131001, "LO", planter.value("LO", "private without creator"))
    dataset.add_new(0x00111004, "SQ", Sequence([_person_item(planter, "private sequence")]))
    nested = item(CodeValue="1", CodingSchemeDesignator="99X", CodeMeaning="one")
    put(nested, 0x00110010, "LO", word)
    put(nested, 0x00111001, "ST", planter.value("ST", "private nested"))
    dataset.add_new(0x00189346, "SQ", Sequence([nested]))


def plant_unknown(dataset: Dataset, planter: Planter) -> None:
    """Add public elements encoded as UN, a public sequence too, and elements no dictionary knows."""
    put(dataset, 0x00104000, "UN", planter.value("LT", "comments as UN"))
    put(dataset, 0x00081070, "UN", planter.value("PN", "operators as UN"))
    name = str(planter.value("PN", "name in a sequence as UN")).encode()
    inner = raw_element(0x00100010, "PN", name + b" " * (len(name) % 2), "implicit little")
    put_raw(dataset, 0x00540222, "UN", struct.pack("<HHL", 0xFFFE, 0xE000, len(inner)) + inner)
    put(dataset, 0x00087777, "LO", planter.value("LO", "unknown public element"))


def plant_drawings(dataset: Dataset, planter: Planter) -> None:
    """Add overlays in the first and the last group, curves, an icon, signatures, original attributes."""
    for group in (0x60000000, 0x601E0000):
        put_raw(dataset, group | 0x0010, "US", struct.pack("<H", 4))
        put_raw(dataset, group | 0x0011, "US", struct.pack("<H", 4))
        put(dataset, group | 0x0022, "LO", planter.value("LO", "overlay description"))
        put(dataset, group | 0x1500, "LO", planter.value("LO", "overlay label"))
        put(dataset, group | 0x3000, "OB", planter.value("OB", "overlay data"))
        put(dataset, group | 0x4000, "LT", planter.value("LT", "overlay comments"))
    put(dataset, 0x50001001, "CS", planter.value("CS", "curve range"))
    put(dataset, 0x50043000, "OB", planter.value("OB", "curve data"))
    icon = item(Rows=1, Columns=1)
    put(icon, 0x7FE00010, "OB", planter.value("OB", "icon pixels"))
    dataset.add_new(0x00880200, "SQ", Sequence([icon]))
    signature = item(DigitalSignatureUID=planter.value("UI", "signature UID"))
    put(signature, 0x04000115, "OB", planter.value("OB", "certificate"))
    dataset.add_new(0xFFFAFFFA, "SQ", Sequence([signature]))
    changed = Dataset()
    changed.add_new(0x04000550, "SQ", Sequence([_person_item(planter, "modified attributes")]))
    dataset.add_new(0x04000561, "SQ", Sequence([changed]))


GROUPS = {
    "listed": lambda dataset, planter: plant_listed(dataset, planter, sequences=True),
    "unlisted": plant_unlisted,
    "nested": plant_nested,
    "private": plant_private,
    "unknown": plant_unknown,
    "drawings": plant_drawings,
}


def shell(planter: Planter) -> dict:
    """Return arguments for to_bytes() that plant tokens outside the data set."""
    words = [str(planter.value("AE", f"file meta {n}")).encode() for n in range(4)]
    preamble = str(planter.value("LO", "preamble")).encode()
    private_uid = str(planter.value("UI", "private information creator")).encode()
    padding = str(planter.value("LO", "padding")).encode()
    return {
        "preamble": (preamble * 20)[:128],
        "meta": [
            (0x00020013, "SH", words[0]),
            (0x00020016, "AE", words[1]),
            (0x00020018, "AE", words[2]),
            (0x00020100, "UI", private_uid + b"\0" * (len(private_uid) % 2)),
            (0x00020102, "OB", words[3]),
        ],
        "padding": padding,
    }
