"""What a line read from the pixels is: identity of the header, like identity, unknown, or harmless.

Identity is tested first, harmless is only what a short closed list knows as a whole, and all else is unknown
and proposed for masking. The class decides what a person sees first, not what is skipped.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Final, TypeAlias

from pydicom.dataset import Dataset

from viewer.dicom.elements import CONVERSION_ERRORS, Element, encodings_of, raw_elements
from viewer.finders.folding import folded, holds, spoken, without_look_alikes
from viewer.finders.harmless import is_harmless
from viewer.rules.identifiers import identifiers
from viewer.rules.known import readings
from viewer.rules.name_forms import name_forms
from viewer.rules.plain_text import plain_text
from viewer.rules.written_dates import WrittenDate, written_dates

Texts: TypeAlias = frozenset[str]

_HAN_RUN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff]+")
_SHORTEST_ID: Final = 4
_SHORTEST_PLACE: Final = 4
_LONG_WORD: Final = 6
"""Letters from which on a part of a name counts inside other words, and a part of it alone."""
_PARTIAL: Final = 5
"""Characters of a line cut short that are still taken for a part of a name or number."""
_SHORTEST_PINYIN: Final = 5


class Kind(Enum):
    """What a line is, in a person's words."""

    PHI = "identity of this study"
    PHI_LIKE = "looks like identity"
    UNKNOWN = "unknown"
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a line is and why, in words without identity."""

    kind: Kind
    why: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a study is of, as its headers say it, folded for comparison; in memory only."""

    patient: Texts = field(default=frozenset(), repr=False)
    """Whole names in all their forms."""
    patient_words: Texts = field(default=frozenset(), repr=False)
    """Parts of the name."""
    people: Texts = field(default=frozenset(), repr=False)
    people_words: Texts = field(default=frozenset(), repr=False)
    numbers: Texts = field(default=frozenset(), repr=False)
    places: Texts = field(default=frozenset(), repr=False)
    dates: frozenset[date] = field(default=frozenset(), repr=False)
    spoken_names: Texts = field(default=frozenset(), repr=False)
    """Names in pinyin, for characters that sound alike."""


# From headers ----------------------------------------------------------------------------------------

_NUMBERS: Final = frozenset(
    (
        *(0x00100020, 0x00101000, 0x00101060, 0x00080050, 0x00200010, 0x00380010, 0x00380060),
        *(0x00181000, 0x00181008, 0x00081010, 0x00402016, 0x00402017, 0x00401001, 0x00400253, 0x00321000),
        *(0x00102154, 0x00102155, 0x00080094, 0x00100021, 0x00101090, 0x00081012, 0x00400243, 0x0040000B),
    )
)
"""Identifiers, accession and order numbers, serial numbers, stations, telephones (PS3.6)."""
_PLACES: Final = frozenset(
    (
        0x00080080,
        0x00080081,
        0x00081040,
        0x00101040,
        0x00102152,
        0x00102150,
        0x00380300,
        0x00400244,
        0x00080092,
    )
)
"""Institutions, departments, addresses, wards (PS3.6)."""
_PATIENT: Final = frozenset((0x00100010, 0x00101001, 0x00101005))
_GENERIC: Final = frozenset(
    (
        *("HOSPITAL", "CLINIC", "CLINICS", "MEDICAL", "CENTER", "CENTRE", "HEALTH", "HEALTHCARE"),
        *("UNIVERSITY", "DEPARTMENT", "RADIOLOGY", "IMAGING", "STREET", "ROAD", "AVENUE", "GENERAL"),
        *("SAINT", "WARD", "UNIT", "ROOM", "NORTH", "SOUTH", "EAST", "WEST", "CHEST", "HEART", "HEAD"),
    )
)
_DEEPEST: Final = 4


def identity_of(datasets: Iterable[Dataset]) -> Identity:
    """Return who some images of one study are of; values that cannot be read are passed over."""
    found = _Gathered()
    for dataset in datasets:
        found.take(dataset, encodings_of(dataset), 0)
    return found.identity()


class _Gathered:
    """Grows while headers are read."""

    def __init__(self) -> None:
        self.patient: set[str] = set()
        self.people: set[str] = set()
        self.numbers: set[str] = set()
        self.places: set[str] = set()
        self.dates: set[date] = set()

    def take(self, dataset: Dataset, encodings: list[str], depth: int) -> None:
        for tag, element in raw_elements(dataset):
            if tag & 0x10000 or tag >= 0x50000000:
                continue
            try:
                if element.VR == "SQ" and depth < _DEEPEST:
                    for item in dataset[tag].value or ():
                        self.take(item, encodings_of(item, encodings), depth + 1)
                else:
                    self._note(tag, element, encodings)
            except CONVERSION_ERRORS:
                continue

    def _note(self, tag: int, element: Element, encodings: list[str]) -> None:
        into: set[str] | None = None
        if element.VR == "PN" or tag in _PATIENT:
            into = self.patient if tag in _PATIENT else self.people
        elif tag in _NUMBERS:
            into = self.numbers
        elif tag in _PLACES:
            into = self.places
        if into is not None:
            into.update(plain_text(text).text for text in readings(element, encodings))
        elif element.VR in ("DA", "DT"):
            self.dates.update(d for text in readings(element, encodings) for d in _day(text))

    def identity(self) -> Identity:
        patient, patient_words = _names(self.patient)
        people, people_words = _names(self.people)
        places = {folded(place) for place in self.places}
        places |= {folded(w) for p in self.places for w in re.split(r"[\W_]+", p) if _tells_a_place(w)}
        return Identity(
            patient,
            patient_words,
            people,
            people_words,
            frozenset(n for n in map(folded, self.numbers) if len(n) > 1),
            frozenset(p for p in places if len(p) >= _SHORTEST_PLACE or _HAN_RUN.fullmatch(p)),
            frozenset(self.dates),
            frozenset(s for name in patient | people if (s := _spoken_name(name))),
        )


def _names(texts: Iterable[str]) -> tuple[Texts, Texts]:
    whole: set[str] = set()
    words: set[str] = set()
    for text in texts:
        forms = name_forms(text)
        whole |= {folded(phrase) for phrase in forms.phrases}
        words |= {folded(word) for word in forms.words}
        whole |= {folded(group) for group in text.split("=")}
    return frozenset(w for w in whole if len(w) > 1), frozenset(w for w in words if len(w) > 1)


def _spoken_name(name: str) -> str:
    """Return a Chinese name in pinyin, or a Latin one that pinyin could be; "" when it is too short."""
    sound = spoken(name) if _HAN_RUN.fullmatch(name) else name if name.isascii() and name.isalpha() else ""
    return sound if len(sound) >= _SHORTEST_PINYIN else ""


def _tells_a_place(word: str) -> bool:
    if _HAN_RUN.fullmatch(word):
        return len(word) >= 2
    return len(word) >= _SHORTEST_PLACE and not word.isdigit() and word.upper() not in _GENERIC


def _day(text: str) -> Iterator[date]:
    digits = re.sub(r"\D", "", text)[:8]
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return
    if day.year > 1850 and (day.year, day.month, day.day) != (1900, 1, 1):
        yield day


# Lines -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """One line in the forms in which it is looked at."""

    plain: str = field(repr=False)
    whole: str = field(repr=False)
    words: tuple[str, ...] = field(repr=False)
    digits: str = field(repr=False)
    """The whole with look-alikes as digits."""
    han: tuple[str, ...] = field(repr=False)
    dates: tuple[WrittenDate, ...] = field(repr=False)


def _line(text: str) -> _Line:
    plain = re.sub(r"\s+", " ", plain_text(text).text).strip()
    whole = folded(plain)
    words = tuple(w for w in map(folded, re.split(r"[\W_]+", plain)) if w)
    alike = re.sub(r"\S*\d\S*", lambda m: _as_digits(m[0]), plain)
    dates = (*written_dates(plain.lower()), *(written_dates(alike.lower()) if alike != plain else ()))
    return _Line(plain, whole, words, without_look_alikes(whole), tuple(_HAN_RUN.findall(plain)), dates)


def _as_digits(word: str) -> str:
    """Return a word that is mostly digits with its look-alikes as digits."""
    digits = sum(c.isdigit() for c in word)
    return without_look_alikes(word.upper()) if 2 * digits >= sum(c.isalnum() for c in word) else word


def judge(text: str, identity: Identity) -> Verdict:
    """Return what a line is; `text` as it was read, with its misreadings."""
    line = _line(text)
    if not line.whole:
        return Verdict(Kind.UNKNOWN, "no letters or digits could be read")
    for holds_identity, why in _IDENTITY:
        if holds_identity(line, identity):
            return Verdict(Kind.PHI, why)
    if line.whole in identity.numbers:
        return Verdict(Kind.PHI_LIKE, "a short number of the header")
    if is_harmless(line.plain):
        return Verdict(Kind.HARMLESS, "a side, a view, or a number with its unit")
    for looks_like_it, why in _LIKE_IDENTITY:
        if looks_like_it(line):
            return Verdict(Kind.PHI_LIKE, why)
    if re.fullmatch(r"[\d.,+\- ]+", line.plain):
        return Verdict(Kind.UNKNOWN, "a number without a unit")
    return Verdict(Kind.UNKNOWN, "not known to be harmless")


def _tells_patient(line: _Line, who: Identity) -> bool:
    return _tells_name(line, who.patient, who.patient_words)


def _tells_people(line: _Line, who: Identity) -> bool:
    return _tells_name(line, who.people, who.people_words)


def _tells_name(line: _Line, whole: Texts, parts: Texts) -> bool:
    if any(_counts(name) and holds(line.whole, name) for name in whole):
        return True
    if any(part in line.words or (len(part) >= _LONG_WORD and holds(line.whole, part)) for part in parts):
        return True
    if any(
        part in run
        for part in parts | whole
        if _HAN_RUN.fullmatch(part) and len(part) > 1
        for run in line.han
    ):
        return True
    cut = [word for word in line.words if len(word) >= _PARTIAL and word.isalpha()]
    return any(word in name for word in cut for name in whole if name.startswith(word) or name.endswith(word))


def _counts(name: str) -> bool:
    """Return whether a whole name is long enough to be looked for inside a line without spaces."""
    return len(name) >= _SHORTEST_ID or bool(_HAN_RUN.fullmatch(name))


def _sounds_like_a_name(line: _Line, who: Identity) -> bool:
    runs = [spoken(run) for run in line.han]
    return any(name in run for run in runs for name in who.spoken_names)


def _tells_number(line: _Line, who: Identity) -> bool:
    for number in who.numbers:
        if len(number) < _SHORTEST_ID:
            if number in line.words and _LABEL.search(line.plain):
                return True
        elif number in line.whole or _tells_digits(line.digits, without_look_alikes(number)):
            return True
    return _is_part_of_a_number(line, who)


def _tells_digits(line: str, number: str) -> bool:
    return sum(c.isdigit() for c in number) >= _SHORTEST_ID and holds(line, number)


def _is_part_of_a_number(line: _Line, who: Identity) -> bool:
    """Return whether the line holds the beginning or the end of a number: lines are cut at box edges."""
    runs = re.findall(r"\d+", line.digits)
    parts = [run for run in runs if len(run) >= _PARTIAL]
    numbers = [without_look_alikes(number) for number in who.numbers]
    return any(number.startswith(part) or number.endswith(part) for part in parts for number in numbers)


def _tells_date(line: _Line, who: Identity) -> bool:
    if not who.dates:
        return False
    if any(d.full and d.tells(who.dates) for d in line.dates):
        return True
    glued = {f"{d:%Y%m%d}" for d in who.dates} | {f"{d:%d%m%Y}" for d in who.dates}
    glued |= {f"{d:%m%d%Y}" for d in who.dates}
    return any(form in line.digits for form in glued)


def _tells_place(line: _Line, who: Identity) -> bool:
    return any(holds(line.whole, place) for place in who.places)


_IDENTITY: Final[tuple[tuple[Callable[[_Line, Identity], bool], str], ...]] = (
    (_tells_patient, "the patient's name"),
    (_tells_number, "a number of the header"),
    (_tells_date, "a date of the header"),
    (_tells_people, "the name of a person in the header"),
    (_tells_place, "a place in the header"),
    (_sounds_like_a_name, "sounds like a name in the header"),
)

_LABEL: Final = re.compile(
    r"(?<![A-Z])(?:(?:SUR|FIRST |LAST |PATIENT.?S? ?)?NAME|PATIENT|PAT\.?|PT|D\.?O\.?B|BIRTH\w*|BORN|"
    r"M\.?R\.?N|ID|PID|UID|ACC(?:ESSION)?|SEX|AGE|GENDER|HOSP\w*|CLINIC\w*|MED(?:ICAL)? C\w*|INSTITU\w*|"
    r"UNIVERSIT\w*|CENT(?:ER|RE)|KLINIK\w*|DR|PROF|MD|DOCTOR|PHYSICIAN|REF(?:ERR\w*)?|TECH\w*|OPERATOR|"
    r"SONOGRAPHER|RADIOGRAPHER|TEL|PHONE|FAX|WARD|BED|ROOM|ADDR\w*|STREET|STUDY|EXAM|DATE|VISIT|ADM\w*|"
    r"SSN|NHS|NO|SN|S/N|SERIAL)(?![A-Z])",
    re.IGNORECASE,
)
_HAN_LABEL: Final = re.compile(
    "姓名|患者|病人|病历|病案|住院|门诊|就诊|登记|检查号|影像号|放射号|超声号|卡号|编号|号码|出生|生日|性别|年龄|"
    "岁|男|女|医院|诊所|卫生院|科室|病区|病房|床号|床位|医生|医师|主任|教授|技师|操作|送检|申请|检查|日期|时间|地址|"
    "电话|手机|身份证|民族|籍贯"
)
_AGE: Final = re.compile(
    r"(?<!\d)\d{1,3}\s?(?:Y(?:RS?|EARS?|O)?|YEARS? OLD|岁|MO(?:NTHS?)?|月龄|周岁)(?![A-Z])|"
    r"(?<![A-Z\d])[MF]\s?[/,]?\s?\d{1,3}(?!\d)|(?<![\dA-Z.])\d{1,3}\s?[/,]?\s?[MF](?![A-Z])|[\[(][MF男女][\])]",
    re.IGNORECASE,
)
_CLOCK: Final = re.compile(r"(?<!\d)[0-2]?\d[:：][0-5]\d(?:[:：.][0-5]\d)?(?!\d)")
_INITIALS: Final = re.compile(r"(?:[A-Z]\.\s?){2,}|[A-Z]{2,}\^[A-Z]+|[A-Z][a-z]+,\s?[A-Z]|[A-Z]{3,},\s?[A-Z]")

_LIKE_IDENTITY: Final[tuple[tuple[Callable[[_Line], bool], str], ...]] = (
    (lambda line: bool(line.dates), "a date"),
    (
        lambda line: bool(_LABEL.search(line.plain) or _HAN_LABEL.search(line.plain)),
        "a label of personal data",
    ),
    (lambda line: bool(_AGE.search(line.plain)), "an age or a sex"),
    (lambda line: bool(re.search(r"\d{5}", line.digits)), "five or more digits"),
    (lambda line: bool(identifiers(line.plain, sure_only=False)), "the form of an identifier"),
    (lambda line: bool(_INITIALS.search(line.plain)), "the form of a name"),
    (lambda line: bool(_CLOCK.search(line.plain)), "a time"),
    (lambda line: bool(line.han), "Chinese text"),
)
