"""What encoders usually write about themselves into a comment: it tells of software, not of people."""

import re
from typing import Final

_PLAIN: Final = re.compile(
    rb"""
    Kakadu-[\w.]{1,12}
    | Created\ by\ (?:GDCM/)?OpenJPEG\ version\ [\d.]{1,12}
    | (?:Creator:\ )?JasPer\ Version\ [\d.]{1,12}
    | Kdu-Layer-Info:\ [\w\s.,{}()|/-]{1,1200}
    | CREATOR:\ gd-jpeg\ v[\d.]{1,6}\ \(using\ IJG\ JPEG\ v\d{1,3}\),\ (?:default\ )?quality(?:\ =\ \d{1,3})?
    | LEAD\ Technologies\ Inc\.\ V[\d.]{1,6}
    | (?:Lavc|Lavf)[\d.]{1,16}
    | AccuSoft\ Corp\.
    | Intel\(R\)\ JPEG\ Library(?:,\ version\ [\d.,]{1,16})?
    | OpenJPH\ Ver\ [\d.]{1,10}\.?
    | Pegasus\ Imaging\ Corp | MITRA_DICOM_STANDARD | AVLT_\d{3}
    """,
    re.VERBOSE,
)


def is_plain(comment: bytes) -> bool:
    """Return whether a comment is empty, blank, or an encoder's name and version."""
    text = comment.strip(b" \0\n")
    return not text or _PLAIN.fullmatch(text) is not None
