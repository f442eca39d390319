"""Plants identifiers into the header: listed and unlisted attributes, nested ones, private ones, reports."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from pydicom.datadict import dictionary_has_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import code, item, put_raw
from tests.midi.checks import Check, place, tag_of, text_of
from tests.midi.expectations import expected, may_be_removed, rows, structural, types_of
from tests.midi.people import Person
from tests.rules.text_grammar import ANATOMY, HAN_ANATOMY, HAN_TECHNIQUE, TECHNIQUE

TEXT_LENGTHS = {"SH": 16, "LO": 64, "ST": 1024, "LT": 1024, "UT": 1024, "UC": 1024}
CORE = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)
_CHANGED_BY_CLAIMS = {0x00080005, 0x00280301, 0x00280302, 0x00280303}
_NUMBERS = ("DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "CS", "AT")
_SHARE_OF_ABSENT = 0.06


@dataclass
class Planter:
    """Puts values into one data set and writes the checks that follow from them."""

    dataset: Dataset
    person: Person
    options: frozenset[str]
    rng: random.Random
    charset: str
    instance: str
    checks: list[Check] = field(default_factory=list)

    @property
    def han(self) -> bool:
        return self.charset in ("gb18030", "utf-8")

    def check(
        self, path: tuple[int, ...], action: str, text: str = "", value: str = "", category: str = ""
    ) -> None:
        self.checks.append(Check(self.instance, place(*path), action, text, value, category))

    def put(self, level: Dataset, tag: int, vr: str, text: str) -> None:
        raw = text.encode(self.charset, "replace")
        if level is not self.dataset:  # its letters are not known before it stands in a file
            level.add_new(tag, vr, text if self.declared else raw.decode("latin-1"))
            return
        padding = b"\0" if vr in ("UI", "OB", "UN") else b" "
        put_raw(level, tag, vr, raw + padding * (len(raw) % 2))

    def day(self) -> date:
        return self.person.day + timedelta(days=self.rng.randrange(40))

    def new_uid(self) -> str:
        return f"1.2.826.0.1.3680043.99999.{self.rng.randrange(10**12)}.{self.rng.randrange(10**6)}"

    @property
    def implicit(self) -> bool:
        return self.dataset.file_meta.TransferSyntaxUID.is_implicit_VR

    @property
    def declared(self) -> bool:
        """Whether the texts are in the character set that the data set names."""
        terms = {"gb18030": "GB18030", "utf-8": "ISO_IR 192"}
        return self.charset == "ascii" or self.dataset.get("SpecificCharacterSet") == terms[self.charset]

    def wanted(self) -> str:
        if self.han and self.declared and self.rng.random() < 0.5:
            return f"{self.rng.choice(HAN_ANATOMY)} {self.rng.choice(HAN_TECHNIQUE)}"
        own = self.person.family.lower()
        other = [[word for word in words if own not in word.lower()] for words in (ANATOMY, TECHNIQUE)]
        return " ".join(map(self.rng.choice, other))

    def unwanted(self) -> str:
        one = self.person
        forms = [
            f"{one.family}, {one.given}", f"Mr. {one.family}", f"{one.given} {one.family}", one.identifier,
            one.accession, one.phone, one.email, f"Dr {one.physician.split('^')[0]}", one.institution,
            f"{one.birth:%Y-%m-%d}", f"{one.birth:%d/%m/%Y}", f"{one.birth:%Y%m%d}",
        ]  # fmt: skip
        if one.han and self.han:
            forms += ["".join(one.han), f"{one.birth.year}年{one.birth.month}月{one.birth.day}日"]
        return self.rng.choice(forms)

    def free_text(self, vr: str) -> tuple[str, str, str]:
        """Return a text with what must stay and what must go of it."""
        room = TEXT_LENGTHS[vr]
        for _ in range(20):
            wanted, unwanted = self.wanted(), self.unwanted()
            text = f"{wanted} {unwanted}" if self.rng.random() < 0.5 else f"{unwanted} {wanted}"
            if len(text) <= room:
                return text, wanted, unwanted
        return self.person.identifier, "", self.person.identifier


# Listed and unlisted attributes -------------------------------------------------------------------------


def plant_identity(to: Planter) -> None:
    """Give the data set its patient, whom the rest of the header and of the texts is about."""
    one, data = to.person, to.dataset
    removed = {
        0x00100010: ("PN", one.name(han=to.han)),
        0x00100020: ("LO", one.identifier),
        0x00100021: ("LO", f"Issuer {one.given}"),
        0x00080050: ("SH", one.accession),
        0x00080080: (
            "LO",
            one.institution if to.han or one.institution.isascii() else "Saint Brannoc Clinic",
        ),
        0x00080090: ("PN", one.physician),
        0x00100030: ("DA", f"{one.birth:%Y%m%d}"),
        0x00181000: ("LO", one.serial),
        0x00101040: ("LO", one.address),
        0x00102154: ("SH", one.phone[:16]),
    }
    for tag, (vr, text) in removed.items():
        to.put(data, tag, vr, text)
        action = "date_shifted" if vr == "DA" else "text_removed"
        to.check((tag,), action, text, text, "hipaa")
    to.check((0x00100020,), "patid_consistent", "", one.identifier, "dicom")
    to.put(data, 0x00101010, "AS", one.age)
    if int(one.age[:3]) > 89 or "rtn_pat_chars" not in to.options:
        to.check((0x00101010,), "text_removed", one.age, one.age, "hipaa")
    else:
        to.check((0x00101010,), "text_retained", one.age, one.age, "tcia")


def plant_listed(to: Planter) -> None:
    """Overwrite the listed attributes that are there, and add some that are not."""
    done = {tag_of(c.place) for c in to.checks if "[" not in c.place} | set(CORE)
    for tag, row in rows().items():
        vr = row["vr"]
        if tag in done or tag >> 16 < 8 or " or " in vr or vr in ("SQ", "") or tag >> 16 in (0x0400, 0x0042):
            continue
        if to.implicit and not dictionary_has_tag(tag):
            continue  # its VR is not known to a reader either
        if tag in to.dataset or to.rng.random() < _SHARE_OF_ABSENT:
            _plant_row(to, tag, vr)


def _plant_row(to: Planter, tag: int, vr: str) -> None:
    fate = expected(tag, to.options)
    if vr in ("DA", "DT"):
        _plant_day(to, tag, vr, fate)
    elif vr in TEXT_LENGTHS:
        _plant_text(to, tag, vr, fate)
    elif vr == "PN":
        _plant_name(to, tag, vr, to.rng.choice((to.person.name(han=to.han), to.person.physician)))
    elif vr in ("AE", "CS") and fate == "go":
        _plant_name(to, tag, vr, f"{to.person.given.upper()[:9]}_{to.rng.randrange(1000)}")
    elif vr == "UR":
        _plant_name(to, tag, vr, f"http://{to.person.given.lower()}.example.org/{to.person.identifier}")


def _plant_day(to: Planter, tag: int, vr: str, fate: str) -> None:
    text = f"{to.day():%Y%m%d}" + ("101500" if vr == "DT" else "")
    to.put(to.dataset, tag, vr, text)
    to.check((tag,), "date_shifted", text, text, "hipaa")
    if fate == "shift" and vr == "DA":
        to.check((tag,), "date_consistent", "", text, "tcia")


def _plant_text(to: Planter, tag: int, vr: str, fate: str) -> None:
    text, wanted, unwanted = ("NONE", "NONE", "") if fate == "keep" else to.free_text(vr)
    to.put(to.dataset, tag, vr, text)
    if unwanted:
        to.check((tag,), "text_removed", unwanted, text, "hipaa")
    if wanted and fate in ("keep", "clean"):
        to.check((tag,), "text_retained", wanted, text, "tcia")


def _plant_name(to: Planter, tag: int, vr: str, name: str) -> None:
    to.put(to.dataset, tag, vr, name)
    to.check((tag,), "text_removed", name, name, "hipaa")


def plant_unlisted(to: Planter) -> None:
    """Write identity into some texts that no table lists; what else is unlisted must stay."""
    for element in list(to.dataset):
        tag, vr = int(element.tag), element.VR
        if (
            tag in rows()
            or tag & 0x10000
            or vr not in TEXT_LENGTHS
            or tag >> 16 not in (0x0008, 0x0018, 0x0020, 0x0040)
        ):
            continue
        if to.rng.random() < 0.25 and vr != "SH":
            text, wanted, unwanted = to.free_text(vr)
            to.put(to.dataset, tag, vr, text)
            to.check((tag,), "text_removed", unwanted, text, "hipaa")
            if wanted:
                to.check((tag,), "text_retained", wanted, text, "tcia")


def keep_checks(to: Planter, *, most: int = 120) -> None:
    """Write the checks for what must stay: numbers and codes that no table lists, at every depth."""
    found = [c for c in _unlisted(to, to.dataset, ()) if c.value]
    to.checks += found if len(found) <= most else to.rng.sample(found, most)


def _unlisted(to: Planter, level: Dataset, above: tuple[int, ...]) -> list[Check]:
    found = []
    for element in level:
        tag = int(element.tag)
        if (
            tag in rows()
            or tag & 0x10000
            or tag in _CHANGED_BY_CLAIMS
            or tag >> 16 in (0x0012, 0x0004)
            or tag >> 24 in (0x50, 0x60)
            or not tag & 0xFFFF
        ):
            continue
        if element.VR == "SQ" and tag != 0x0040A730:
            for number, one in enumerate(element.value or ()):
                found += _unlisted(to, one, (*above, tag, number))
        elif element.VR in _NUMBERS:
            value = text_of(element.value)
            found.append(Check(to.instance, place(*above, tag), "text_retained", value, value, "tcia"))
    return found


def uid_checks(to: Planter) -> None:
    """Write the checks for every UID that names something, wherever it stands."""
    for path, uid in _uids(to.dataset, ()):
        if uid.startswith("1.2.840.10008.") or len(uid) < 6:
            continue
        to.check(path, "uid_changed", uid, uid, "hipaa")
        if len(path) == 1:
            to.check(path, "uid_consistent", "", uid, "dicom")
        elif not any(expected(tag, to.options) == "go" for tag in path[::2]):
            to.check(path, "reference_intact", "", uid, "dicom")


def _uids(level: Dataset, above: tuple[int, ...]) -> list[tuple[tuple[int, ...], str]]:
    found = []
    for element in level:
        tag = int(element.tag)
        if tag & 0x10000 or tag in structural() or tag >> 16 in (0x0004,):
            continue
        if element.VR == "SQ":
            for number, one in enumerate(element.value or ()):
                found += _uids(one, (*above, tag, number))
        elif element.VR == "UI" and isinstance(element.value, str) and element.value:
            found.append(((*above, tag), str(element.value)))
    return found


def type_checks(to: Planter) -> None:
    """Write the checks that Type 1 attributes keep a value and Type 2 ones their place (PS3.5 7.4)."""
    for tag, kind in types_of(str(to.dataset.get("SOPClassUID", ""))).items():
        if tag not in to.dataset or may_be_removed(tag) or tag >> 16 == 0x0004 or kind not in ("1", "2"):
            continue
        element = to.dataset[tag]
        filled = len(element.value) > 0 if element.VR == "SQ" else element.value not in (None, "", b"")
        if kind == "1" and filled:
            action = "iod_valid" if element.VR in ("SQ", "OB", "OW") else "text_notnull"
            to.check((tag,), action, "", "", "dicom.iod")
        elif kind == "2":
            to.check((tag,), "tag_retained", "", "", "dicom.iod")


# Nested -------------------------------------------------------------------------------------------------


def plant_nested(to: Planter) -> None:
    """Put identity into items of sequences, listed and unlisted, one inside another."""
    one, data = to.person, to.dataset
    study, series = str(data.get("StudyInstanceUID", "")), str(data.get("SeriesInstanceUID", ""))
    request = item(RequestedProcedureID="", ScheduledProcedureStepID="", StudyInstanceUID=study)
    text, _, unwanted = to.free_text("LO")
    to.put(request, 0x00321060, "LO", text)
    to.put(request, 0x00401001, "SH", one.accession)
    data.add_new(0x00400275, "SQ", Sequence([request]))
    to.check((0x00400275, 0, 0x00321060), "text_removed", unwanted, text, "hipaa")
    to.check((0x00400275, 0, 0x00401001), "text_removed", one.accession, one.accession, "hipaa")
    other = Dataset()
    to.put(other, 0x00100020, "LO", one.identifier)
    data.add_new(0x00101002, "SQ", Sequence([other]))
    to.check((0x00101002,), "element_absent", "", "", "dicom")
    before = Dataset()
    to.put(before, 0x00100010, "PN", one.name(han=to.han))
    data.add_new(0x04000561, "SQ", Sequence([item(ModifiedAttributesSequence=Sequence([before]))]))
    to.check((0x04000561,), "element_absent", "", "", "dicom")
    if "AnatomicRegionSequence" not in data:
        region = code("39607008", "SCT", "Lung")[0]
        inner = Dataset()
        to.put(inner, 0x00100010, "PN", one.name(han=to.han))
        to.put(inner, 0x0020000E, "UI", series or to.new_uid())
        region.add_new(0x00082220, "SQ", Sequence([inner]))
        data.add_new(0x00082218, "SQ", Sequence([region]))
        to.check((0x00082218, 0, 0x00082220, 0, 0x00100010), "text_removed", one.family, "", "hipaa")
        to.check((0x00082218, 0, 0x00080100), "text_retained", "39607008", "39607008", "dicom")
    if to.rng.random() < 0.4 and "ReferencedImageSequence" not in data:
        reference = item(
            ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=to.new_uid()
        )
        data.add_new(0x00081140, "SQ", Sequence([reference]))


def plant_report(to: Planter) -> None:
    """Add a content item of each kind that may hold identity to a structured report."""
    if "ContentSequence" not in to.dataset or not to.dataset.ContentSequence:
        return
    one, items = to.person, list(to.dataset.ContentSequence)
    first = len(items)

    def added(kind: str, concept: tuple[str, str, str], relation: str = "CONTAINS") -> tuple[Dataset, int]:
        made = item(RelationshipType=relation, ValueType=kind, ConceptNameCodeSequence=code(*concept))
        items.append(made)
        return made, first + len(items) - first - 1

    observer, at = added("PNAME", ("121008", "DCM", "Person Observer Name"), "HAS OBS CONTEXT")
    to.put(observer, 0x0040A123, "PN", one.physician)
    to.check((0x0040A730, at, 0x0040A123), "text_removed", one.physician, one.physician, "hipaa")
    finding, at = added("TEXT", ("121071", "DCM", "Finding"))
    text, _, unwanted = to.free_text("LO")
    to.put(finding, 0x0040A160, "UT", text)
    to.check((0x0040A730, at, 0x0040A160), "text_removed", unwanted, text, "hipaa")
    begun, at = added("DATETIME", ("111526", "DCM", "DateTime Started"))
    stamp = f"{to.day():%Y%m%d}101500"
    to.put(begun, 0x0040A120, "DT", stamp)
    to.check((0x0040A730, at, 0x0040A120), "date_shifted", stamp, stamp, "hipaa")
    study, at = added("UIDREF", ("110180", "DCM", "Study Instance UID"))
    uid = to.new_uid()
    to.put(study, 0x0040A124, "UI", uid)
    to.check((0x0040A730, at, 0x0040A124), "uid_changed", uid, uid, "hipaa")
    place_, at = added("CODE", ("121012", "DCM", "Device Observer UID"), "HAS OBS CONTEXT")
    place_.ConceptCodeSequence = code("L77", "99STAFF", "local")
    to.put(place_.ConceptCodeSequence[0], 0x00080104, "LO", one.name(han=to.han)[:64])
    to.check((0x0040A730, at, 0x0040A168, 0, 0x00080104), "text_removed", one.family, "", "hipaa")
    to.dataset.ContentSequence = Sequence(items)
