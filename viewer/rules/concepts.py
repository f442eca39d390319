"""Concept names and codes: what Table E.3.4-1 says of a concept, which codes are local, which name people."""

import re
from functools import cache
from typing import Any, Final, NamedTuple

from pydicom.dataset import Dataset

from viewer.dicom.elements import CONVERSION_ERRORS, encodings_of, texts
from viewer.rules.descriptors import clean_text
from viewer.rules.known import KnownIdentity
from viewer.rules.recipe import Option
from viewer.rules.site_list import SiteList
from viewer.rules.standard import table

VALUE_TYPE: Final = 0x0040A040
CONCEPT_NAME: Final = 0x0040A043
CODE_VALUES: Final = (0x00080100, 0x00080119, 0x00080120)
"""Code Value, Long Code Value, URN Code Value (PS3.3 8.8): one of them holds the code."""
SCHEME: Final = 0x00080102
CODE_MEANING: Final = 0x00080104

_RETIRED_SCHEMES: Final = ("SRT", "SNM3", "99SDM")
_STANDARD_SCHEMES: Final = frozenset(
    (
        "ACR", "ADA", "ATC", "BARI", "BI", "CADSR", "CD2", "CPT-4", "C4", "C5", "DCM", "DCMUID", "FMA",
        "GMDN", "I10", "I10C", "I10P", "I11", "I9", "I9C", "IBSI", "ICD-10", "ICD10", "ICDO3", "ISO3166_1",
        "ISO639_1", "ISO639_2", "ITIS_TSN", "IUPAC", "JLAC10", "LN", "MA", "MDC", "MGI", "MSH", "NCDR",
        "NCIT", "NDC", "NDFRT", "NEU", "NICIP", "NULLFL", "NYUMCCG", "PATHLEX", "POS", "PUBCHEM_CID",
        "RADELEMENT", "RADLEX", "RADLEX_PLAYBOOK", "RFC3066", "RFC4646",
        "RFC5646", "RXNORM", "SCT", "SDM", "SNM3", "SRT",
        "UBERON", "UCUM", "UMLS", "UNS", "UPC", "99SDM",
    )
)  # fmt: skip
"""Coding schemes whose codes are published (PS3.16 chapter 8), in capital letters."""
_PEOPLE: Final = re.compile(
    r"\b(?:physician|doctor|radiolog\w*|cardiolog\w*|sonographer|radiographer|operator|technologist"
    r"|technician|perform(?:er|ed by)|author|nurse|observer|person|people|reader|surgeon|staff|verifier"
    r"|verified|signed|reported by|institution\w*|hospital|department|organi[sz]ation|facility|clinic"
    r"|room|ward|patient name|user)\b|医生|医师|技师|护士|医院|科室|机构|操作者|报告者|审核|病区",
    re.IGNORECASE,
)
_BORN: Final = re.compile(r"\bbirth|\bDOB\b|\bborn\b|出生|生日", re.IGNORECASE)
_AGE: Final = re.compile(r"(?:(?:patient|subject)(?:['’]?s)? )?age\b|(?:患者)?年龄", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z]{4,}")
"""What may be a name within the value of a code."""
_AGES: Final = frozenset(
    (("DCM", "121033"), ("LN", "30525-0"), ("LN", "21612-7"), ("SCT", "397669002"), ("SCT", "424144002"))
)
_NOBODY: Final = KnownIdentity()
_OF_FORMS: Final = SiteList(
    keep_words=frozenset((
        "answer", "author", "chapter", "comment", "document", "entry", "field", "form", "heading", "item",
        "list", "mode", "none", "note", "number", "observer", "observer's", "organization", "other", "page",
        "paragraph", "question", "recording", "reference", "remark", "report", "section", "subject", "text",
        "title", "topic", "unknown", "unspecified", "value", "yes", "no",

    ))
)  # fmt: skip
"""Words of which the headings of forms are made; nobody is called so."""


class Concept(NamedTuple):
    """A code: its scheme, its value and its meaning (the meaning may hold anything)."""

    scheme: str
    value: str
    meaning: str = ""

    @property
    def is_standard(self) -> bool:
        """Return whether the code is of a published scheme: then nobody can have put a name into it."""
        return is_standard(self.scheme)

    @property
    def is_harmless(self) -> bool:
        """Return whether every word of code and meaning is one of anatomy or technique."""
        return is_harmless(self.meaning) and is_harmless(" ".join(_WORD.findall(self.value)))

    @property
    def names_people(self) -> bool:
        """Return whether it is about a person, a role, a place or an institution."""
        rows = listed(self)
        listed_so = any(
            r["value_type"] == "PNAME" or r[Option.RETAIN_INSTITUTION_IDENTITY.value] for r in rows
        )
        return listed_so or bool(_PEOPLE.search(self.meaning))

    @property
    def is_birth(self) -> bool:
        """Return whether it is about the day of birth, for which no option lets a date stay."""
        return bool(_BORN.search(self.meaning)) or (self.scheme, self.value) == ("DCM", "121031")

    @property
    def is_age(self) -> bool:
        """Return whether it is about the age of the patient (not of a bone or a pregnancy)."""
        return (self.scheme, self.value) in _AGES or bool(_AGE.match(self.meaning))


def is_standard(scheme: str) -> bool:
    """Return whether a coding scheme is a published one."""
    return scheme.upper() in _STANDARD_SCHEMES or scheme.upper().startswith("HL7")


def is_harmless(text: str) -> bool:
    """Return whether cleaning would leave every word of a text."""
    words = re.findall(r"\w+", text.lower())
    return not words or re.findall(r"\w+", clean_text(text, _NOBODY, _OF_FORMS).lower()) == words


@cache
def _rows() -> dict[tuple[str, str], tuple[dict[str, Any], ...]]:
    found: dict[tuple[str, str], tuple[dict[str, Any], ...]] = {}
    for row in table("structured_content.json"):
        keys = [(row["coding_scheme"], row["code_value"])]
        if row["retired_snomed_code"]:
            keys += [(scheme, row["retired_snomed_code"]) for scheme in _RETIRED_SCHEMES]
        for key in keys:
            found[key] = (*found.get(key, ()), row)
    return found


def listed(concept: Concept) -> tuple[dict[str, Any], ...]:
    """Return the rows of Table E.3.4-1 for a concept, one per value type; also by its retired SNOMED code."""
    return _rows().get((concept.scheme, concept.value), ())


def codes_of(item: Dataset, tag: int, encodings: list[str]) -> tuple[Concept, ...] | None:
    """Return the codes in a code sequence of an item, none where it has none; None when it cannot be read."""
    if tag not in item:
        return ()
    try:
        return tuple(code_in(inner, encodings) for inner in item[tag].value or ())
    except CONVERSION_ERRORS:
        return None


def code_in(item: Dataset, encodings: list[str]) -> Concept:
    """Return the code that a data set holds; its elements stay as they were read."""
    own = encodings_of(item, encodings)
    value = next((found for tag in CODE_VALUES if (found := text_of(item, tag, own))), "")
    return Concept(text_of(item, SCHEME, own), value, text_of(item, CODE_MEANING, own))


def text_of(item: Dataset, tag: int, encodings: list[str]) -> str:
    """Return the first value of an element as text, "" where there is none."""
    found = texts(item.get_item(tag), encodings) if tag in item else ()
    return found[0].strip() if found else ""
