"""Check that a written ICC profile holds no text; shares no code with what made it neutral."""

import re
from typing import Final

from viewer.dicom.decisions import Finding, Severity
from viewer.dicom.elements import Element, ElementPath, path_text

ICC_PROFILE: Final = 0x00282000
_WORD: Final = re.compile(rb"[^\x00-\x20\x2d\x7f]")
_TEXTS: Final = (b"text", b"desc", b"mluc")
_NUMBERS: Final = re.compile(
    rb"XYZ |curv|para|mft[12]|m(AB|BA|pet)|[su]f32|ui(08|16|32|64)|fl(16|32|64)|sig |dtim|chrm|meas|view"
    rb"|clro|cicp|vcgt|ndin"
)


def profile_findings(element: Element, path: ElementPath) -> tuple[Finding, ...]:
    """Return an ERROR unless every byte of an ICC profile (ICC.1 7) is a number, a dash or nothing."""
    profile = element.value
    if not profile:
        return ()
    if isinstance(profile, bytes) and profile[36:40] == b"acsp" and _is_bare(profile):
        return ()
    message = "A colour profile may still hold text."
    return (Finding("profile-text", Severity.ERROR, path_text(path), message),)


def _is_bare(profile: bytes) -> bool:
    count = int.from_bytes(profile[128:132], "big")
    rest = bytearray(profile)
    rest[:84] = bytes(84)
    rest[128 : 132 + 12 * count] = bytes(4 + 12 * count)
    for at in range(132, 132 + 12 * count, 12):
        start, size = (int.from_bytes(profile[at + i : at + i + 4], "big") for i in (4, 8))
        if start + size > len(profile) or size < 8:
            return False
        if not _is_wordless(profile[start : start + size]):
            return False
        rest[start : start + size] = bytes(size)
    return len(rest) == len(profile) and not rest.strip(b"\0")


def _is_wordless(tag: bytes) -> bool:
    if _NUMBERS.match(tag[:4]):
        return True
    # Lengths and languages of descriptions stand among their texts.
    skipped = 12 if tag[:4] == b"desc" else 16 if tag[:4] == b"mluc" else 8
    if tag[:4] == b"mluc":
        skipped += 12 * int.from_bytes(tag[8:12], "big")
    return (tag[:4] in _TEXTS and not _WORD.search(tag, skipped)) or not tag[8:].strip(b"\0")
