"""Dates as people write them in texts, in English and Chinese, with digits, names of months or numerals."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final, NamedTuple, TypeAlias

Reading: TypeAlias = tuple[int, int, int]
"""Year, month, day; 0 where the text does not tell it."""

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",),
            ("jun", "june"), ("jul", "july"), ("aug", "august"), ("sep", "sept", "september"),
            ("oct", "october"), ("nov", "november"), ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}  # fmt: skip
_MONTH: Final = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
_NUMERALS: Final = {letter: number for number, letter in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "○": 0,
    "两": 2,
}
_HAN: Final = "[〇○零一二三四五六七八九十廿卅]"
_ERAS: Final = {
    "民国": 1911,
    "民國": 1911,
    "令和": 2018,
    "平成": 1988,
    "昭和": 1925,
    "大正": 1911,
    "明治": 1867,
}
_LUNAR: Final = (
    r"(?:农历|農曆|阴历)[^\s,，。;；]{1,12}|[正冬腊][月](?:初[一二三四五六七八九十]|十[一二三四五六七八九]|廿[一二三四五六七八九]?|三十)?"
    r"|[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]年"
)
_EARLIEST, _LATEST = 1850, 2100


class WrittenDate(NamedTuple):
    """A date in a text: where it stands and the ways to read it. `full`: year, month and day are told."""

    start: int
    end: int
    readings: frozenset[Reading]
    full: bool

    def tells(self, days: frozenset[date]) -> bool:
        """Return whether one of the days is meant by a reading; what is not told fits every day."""
        return any(
            (y in (0, day.year)) and (m in (0, day.month)) and (d in (0, day.day))
            for y, m, d in self.readings
            for day in days
        )


def written_dates(text: str) -> list[WrittenDate]:
    """Return the dates in a text (already in plain form), those that exist in the calendar only."""
    found: list[WrittenDate] = []
    taken: list[tuple[int, int]] = []
    for pattern, reader in _FORMS:
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            readings = frozenset(r for r in reader(match) if _exists(r))
            if readings or reader is _lunar:
                full = all(all(reading) for reading in readings) and bool(readings)
                found.append(WrittenDate(match.start(), match.end(), readings, full))
                taken.append(match.span())
    return sorted(found)


def _exists(reading: Reading) -> bool:
    year, month, day = reading
    if year and not _EARLIEST <= year <= _LATEST:
        return False
    try:
        date(year or 2000, month or 1, day or 1)
    except ValueError:
        return False
    return True


def _year(text: str) -> list[int]:
    number = int(text)
    return [number] if len(text) == 4 else [1900 + number, 2000 + number] if len(text) == 2 else []


def _year_first(match: re.Match[str]) -> Iterator[Reading]:
    for year in _year(match[1]):
        yield year, int(match[2]), int(match[3] or 0)


def _year_last(match: re.Match[str]) -> Iterator[Reading]:
    first, second = int(match[1]), int(match[2])
    for year in _year(match[3]):
        yield year, second, first
        yield year, first, second


def _compact(match: re.Match[str]) -> Iterator[Reading]:
    yield int(match[1]), int(match[2]), int(match[3])


def _day_and_name(match: re.Match[str]) -> Iterator[Reading]:
    for year in _year(match[3]) if match[3] else [0]:
        yield year, _MONTHS[match[2].lower()], int(match[1])


def _name_and_day(match: re.Match[str]) -> Iterator[Reading]:
    for year in _year(match[3]) if match[3] else [0]:
        yield year, _MONTHS[match[1].lower()], int(match[2])


def _name_and_year(match: re.Match[str]) -> Iterator[Reading]:
    yield int(match[2]), _MONTHS[match[1].lower()], 0


def _month_and_day(match: re.Match[str]) -> Iterator[Reading]:
    yield 0, int(match[1]), int(match[2])


def _in_numerals(match: re.Match[str]) -> Iterator[Reading]:
    digits = "".join(str(_NUMERALS[letter]) for letter in match[1] if letter in _NUMERALS)
    day = _number(match[3]) if match[3] else 0
    for year in _year(digits) if match[1] else [0]:
        yield year, _number(match[2]), day


def _in_an_era(match: re.Match[str]) -> Iterator[Reading]:
    years = 1 if match[2] == "元" else int(match[2]) if match[2].isdigit() else _number(match[2])
    yield _ERAS[match[1]] + years, int(match[3] or 0), int(match[4] or 0)


def _lunar(match: re.Match[str]) -> Iterator[Reading]:
    yield from ()


def _number(text: str) -> int:
    """Return a number below 100 in Chinese numerals; 0 where it is none."""
    text = text.replace("廿", "二十").replace("卅", "三十")
    tens, sign, ones = text.partition("十")
    if not sign:
        return int("".join(str(_NUMERALS.get(letter, 0)) for letter in text) or 0)
    return 10 * (_NUMERALS.get(tens, 1) if tens else 1) + (_NUMERALS.get(ones, 0) if ones else 0)


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Iterator[Reading]]], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), reader)
    for pattern, reader in (
        (r"(民国|民國|令和|平成|昭和|大正|明治)\s*(\d{1,3}|元|[一二三四五六七八九十]{1,4})\s*年"
         r"(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号號])?)?", _in_an_era),
        (r"(?<!\d)(\d{4}|\d{2})\s*年\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号號]?)?", _year_first),
        (rf"({_HAN}{{2,4}})年({_HAN}{{1,3}})月(?:({_HAN}{{1,3}})[日号號]?)?", _in_numerals),
        (rf"()({_HAN}{{1,3}})月({_HAN}{{1,3}})[日号號]", _in_numerals),
        (r"(?<!\d)(\d{1,2})\s*月\s*(\d{1,2})\s*[日号號]", _month_and_day),
        (r"(?<![\d.])(\d{4})\s?[-/._]\s?(\d{1,2})\s?[-/._]\s?(\d{1,2})(?!\.?\d)", _year_first),
        (r"(?<![\w.])(\d{1,2})\s?[-/]\s?(\d{1,2})\s?[-/]\s?(\d{4}|\d{2})(?!\.?\d)", _year_last),
        (r"(?<![\w.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\.?\d)", _year_last),
        (r"(?<![\w.])(\d{2})\.(\d{2})\.(\d{2})(?!\.?\d)", _year_last),
        (r"(?<!\d)((?:18|19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)", _compact),
        (rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?[-/., ]?(?:of )?{_MONTH}(?![a-z])"
         r"[-/., ]{0,2}(\d{4}|\d{2}(?!\d))?", _day_and_name),
        (rf"(?<![a-z]){_MONTH}\.?[-/ ]?(\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?[-/ ]{{1,2}}(\d{{4}})(?!\d))?",
         _name_and_day),
        (rf"(?<![a-z]){_MONTH}\.?[-/, ]{{0,2}}(\d{{4}})(?!\d)", _name_and_year),
        (_LUNAR, _lunar),
    )
)  # fmt: skip
