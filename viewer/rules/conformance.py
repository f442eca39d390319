"""The Conformance Statement for de-identification, made from the tables and the code (PS3.15 E.1.3)."""

from collections.abc import Iterable, Iterator
from typing import Final

from viewer import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION, PRODUCT, VERSION
from viewer.dicom.elements import keyword, tag_text
from viewer.rules.claims import BURNED_IN, CLAIMED, FEATURES, METHOD_CODES, OF_OPTION
from viewer.rules.profiles import OPTION_TEXTS
from viewer.rules.recipe import EDITION, BirthDate, Documents, Option, Profile
from viewer.rules.standard import Row, resolve, standard, table
from viewer.rules.surrogates import SHIFT_DAYS, dummy
from viewer.rules.values import SURROGATES

_DUMMY_VRS: Final = (
    *("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "OB"),
    *("PN", "SH", "SQ", "ST", "TM", "UC", "UI", "UR", "US", "UT"),
)
_TYPE_NAMES: Final = (("1", "Type 1"), ("2", "Type 2"), ("3", "Type 3 or not in the IOD"))
_ACTIONS: Final = {
    "X": "removed",
    "Z": "emptied, or a pseudonym",
    "D": "replaced by a dummy",
    "K": "kept",
    "C": "cleaned",
    "U": "replaced by a new UID",
    "U*": "kept, with new UIDs in it",
}
_MANNER: Final = {
    Option.CLEAN_DESCRIPTORS: (
        "Identity that the header tells in every spelling, identifiers with and without check "
        "digits, names after titles and labels, dates, ages and every word outside of a "
        "vocabulary of anatomy and technique are taken out; where nothing is left, the Basic "
        "Profile holds."
    ),
    Option.CLEAN_STRUCTURED_CONTENT: (
        "Content items are judged by their concept name (Table E.3.4-1, retired SNOMED codes too), "
        "value type and coding scheme; text is cleaned as descriptors are, names get a stand-in, "
        "dates follow the date options, UIDs are mapped, codes of local schemes stay only where their "
        "meaning is harmless, ages above 89 years are pooled. No item is taken out of the tree: where "
        "the table says X the value becomes a neutral one, and references get new UIDs."
    ),
    Option.CLEAN_GRAPHICS: (
        "Graphic objects stay, their text is cleaned as descriptors are, labels and layers that are "
        "not harmless get neutral names; a warning tells of long lines drawn by hand; curves are removed; "
        "overlays stay only in images that a person marked as looked at, with the person's boxes "
        "cleared in them."
    ),
    Option.RETAIN_MODIFIED_DATES: (
        "All dates of a patient move into the past by one secret number of whole days, at least "
        f"{SHIFT_DAYS[0]} and less than {SHIFT_DAYS[1]} (by whole weeks if asked for); times and "
        "time zones stay; dates that cannot be read follow the Basic Profile."
    ),
    Option.RETAIN_PATIENT_CHARACTERISTICS: (
        "Ages above 89 years become 090Y; an age is worked out where the source has none; texts "
        "are cleaned as descriptors are."
    ),
    Option.RETAIN_DEVICE_IDENTITY: (
        "AE titles become ANON; with modified dates the dates of calibration and the like are "
        "moved too, so for these the option is not met to the letter."
    ),
    Option.RETAIN_SAFE_PRIVATE: (
        "Kept are the elements of Table E.3.10-1, those that the file itself declares safe in "
        "(0008,0300), and those that the site has judged safe; names, dates and UIDs among them "
        "are treated by their VR, and what identity is found in is removed."
    ),
}


def statement(profile: Profile, syntaxes: Iterable[tuple[str, str]]) -> str:
    """Return the statement for a profile as Markdown; `syntaxes`: (transfer syntax, what can be done)."""
    parts = (
        _head(profile),
        _outcomes(profile),
        _dummies(),
        _integrity(),
        _inserted(profile),
        _options(profile),
        _private(profile),
        _encrypted(profile),
        _further(profile),
        _syntaxes(syntaxes),
        _rows(profile),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(profile: Profile) -> Iterator[str]:
    yield f"# Conformance Statement for de-identification: {PRODUCT} {VERSION}"
    yield ""
    yield f"- Standard: PS3.15 {EDITION} Annex E, Basic Application Level Confidentiality Profile"
    yield f"- Profile: {profile.name}"
    names = ", ".join(OPTION_TEXTS[o][0] for o in sorted(profile.options, key=lambda o: o.value))
    yield f"- Options: {names or 'none'}"
    yield f"- Implementation Class UID {IMPLEMENTATION_CLASS_UID}, Version Name {IMPLEMENTATION_VERSION}"
    yield f"- Choices of a person for single elements: {len(profile.overrides)}"
    for override in profile.overrides:
        yield f"  - {override.selector}: {override.action.value}"


def _outcomes(profile: Profile) -> Iterator[str]:
    yield "## What becomes of the attributes of Table E.1-1"
    yield ""
    yield "| outcome | " + " | ".join(name for _, name in _TYPE_NAMES) + " |"
    yield "|---|" + "---|" * len(_TYPE_NAMES)
    counts: dict[str, list[int]] = {}
    for row in _all_rows():
        code = row.code(profile.options)[0]
        for column, (iod_type, _) in enumerate(_TYPE_NAMES):
            counts.setdefault(resolve(code, iod_type), [0, 0, 0])[column] += 1
    for resolved, numbers in sorted(counts.items()):
        yield f"| {_ACTIONS[resolved]} | " + " | ".join(map(str, numbers)) + " |"
    yield ""
    yield "Every row is listed at the end. Attributes that the table does not list are treated by their"
    yield "value representation: dates and times as the date options say, UIDs of instances are"
    yield "replaced, names are removed or replaced, texts are searched for identity. Attributes that"
    yield "are in no edition known to this program are removed; so attributes added to the standard"
    yield "later are removed until the tables are renewed."


def _dummies() -> Iterator[str]:
    yield "## Dummy values"
    yield ""
    pseudonyms = ", ".join(tag_text(tag) for tag in SURROGATES)
    yield f"Pseudonyms, made by HMAC-SHA-256 under a secret key from the original: {pseudonyms}."
    yield "The others do not depend on the original:"
    yield ""
    yield "| VR | dummy |"
    yield "|---|---|"
    for vr in _DUMMY_VRS:
        yield f"| {vr} | {_dummy_text(vr)} |"


def _dummy_text(vr: str) -> str:
    if vr == "SQ":
        return "one item with a dummy in every attribute of Type 1"
    if vr == "UI":
        return "a new UID"
    made = dummy(vr)
    return "two zero bytes" if isinstance(made, bytes) else f"`{made}`"


def _integrity() -> Iterator[str]:
    yield "## Referential integrity"
    yield ""
    yield "UIDs are mapped by value with a keyed hash (root 2.25), wherever they stand. The same key"
    yield "gives the same surrogates across instances, series, studies, runs and machines, in any"
    yield "order; no table is kept. Registered UIDs (PS3.6) and structural ones (SOP Class, Transfer"
    yield "Syntax, coding schemes) stay."


def _inserted(profile: Profile) -> Iterator[str]:
    yield "## Attributes inserted"
    yield ""
    when = {BURNED_IN: "NO, in images that a person marked as looked at", METHOD_CODES: "earlier codes stay"}
    when[FEATURES] = "NO, in images from which a person had the face taken off"
    for tag in sorted((*CLAIMED, BURNED_IN, FEATURES)):
        yield f"- {tag_text(tag)} {keyword(tag)}" + (f" ({when[tag]})" if tag in when else "")
    yield "- (0008,0016) SOPClassUID and (0008,0018) SOPInstanceUID, where the source lacks them"
    yield "- (0010,1010) PatientAge, where patient characteristics are retained and the source lacks it"
    yield "- (0008,0005) SpecificCharacterSet ISO_IR 192, where the source's letters are not what it declares"
    yield "- File Meta Information and preamble, all new"
    if profile.recipients:
        yield "- (0400,0500) EncryptedAttributesSequence"


def _options(profile: Profile) -> Iterator[str]:
    yield "## Options"
    yield ""
    yield "| option | CID 7050 | supported | in this profile | manner |"
    yield "|---|---|---|---|---|"
    for option in Option:
        chosen = "yes" if option in profile.options else "no"
        title, sentence = OPTION_TEXTS[option]
        yield f"| {title} | {OF_OPTION[option]} | yes | {chosen} | {_MANNER.get(option, sentence)} |"
    manner = "a person's boxes; claimed for images that were marked as looked at"
    yield f"| Clean Pixel Data | 113101 | yes | per image | {manner} |"
    yield (
        "| Clean Recognizable Visual Features | 113102 | yes | per image | "
        "facial surface of axial CT and MR stacks, after a person has looked at it |"
    )


def _private(profile: Profile) -> Iterator[str]:
    yield "## Private attributes"
    yield ""
    if Option.RETAIN_SAFE_PRIVATE not in profile.options:
        yield "All are removed, with their private creators, at every level."
        return
    yield "Kept, besides what a file declares safe itself and what the site has judged safe:"
    yield ""
    yield "| private creator | elements |"
    yield "|---|---|"
    by_creator: dict[str, list[str]] = {}
    for row in table("safe_private.json"):
        by_creator.setdefault(row["private_creator"], []).append(row["tag_pattern"])
    for creator, elements in sorted(by_creator.items()):
        yield f"| {creator} | {' '.join(elements)} |"


def _encrypted(profile: Profile) -> Iterator[str]:
    yield "## Encrypted Attributes Sequence"
    yield ""
    if not profile.recipients:
        yield "Not written: no recipient was named. With recipients:"
        yield ""
    count = len(profile.recipients)
    yield "The originals of what was changed are enveloped with CMS: AES-256-CBC, RSA key transport to the"
    yield f"certificates of the recipients (here {count}), in Explicit VR Little Endian."


def _further(profile: Profile) -> Iterator[str]:
    yield "## Further choices and restrictions"
    yield ""
    if profile.birth_date is not BirthDate.TABLE:
        kept = "its year" if profile.birth_date is BirthDate.YEAR else "the date, moved as the others"
        yield f"- Patient's Birth Date keeps {kept} up to an age of 89; the Basic Profile is not claimed."
    documents = "replaced by a harmless one of the same media type"
    if profile.documents is Documents.REDACT:
        documents = "PDF: redrawn as pages of pixels with a person's boxes made black; others replaced"
    yield f"- Encapsulated documents: {documents}."
    yield "- Digital signatures are removed; files are not signed again."
    yield "- Instances of private or unknown SOP Classes are treated as if nothing were required."
    yield "- What cannot be done or proved holds the instance: nothing is written of it."
    yield "- A DICOMDIR is never copied; a new one is made from the cleaned files when a disc is asked for."


def _syntaxes(syntaxes: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "## Transfer syntaxes"
    yield ""
    yield "Files stay in their transfer syntax. What a box in the pixels does:"
    yield ""
    yield "| transfer syntax | capability |"
    yield "|---|---|"
    for name, capability in syntaxes:
        yield f"| {name} | {capability} |"


def _rows(profile: Profile) -> Iterator[str]:
    yield "## Table E.1-1 under this profile"
    yield ""
    yield "| tag | attribute | code | " + " | ".join(name for _, name in _TYPE_NAMES) + " |"
    yield "|---|---|---|" + "---|" * len(_TYPE_NAMES)
    for row in _all_rows():
        code = row.code(profile.options)[0]
        outcome = " | ".join(_ACTIONS[resolve(code, iod_type)] for iod_type, _ in _TYPE_NAMES)
        yield f"| {_pattern(row)} | {row.name} | {code} | {outcome} |"


def _all_rows() -> list[Row]:
    found = standard()
    return sorted([*found.rows.values(), *found.patterns, found.private], key=lambda row: row.tag)


def _pattern(row: Row) -> str:
    if row.mask == 0xFFFFFFFF:
        return tag_text(row.tag)
    if row.mask == 0x00010000:
        return "(gggg,eeee), gggg odd"
    digits = zip(f"{row.tag:08X}", f"{row.mask:08X}", strict=True)
    text = "".join("x" if mask != "F" else digit for digit, mask in digits)
    return f"({text[:4]},{text[4:]})"
