"""Bytes behind the end of a data set: told apart from a data set that was cut short."""

from collections.abc import Sequence
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.valuerep import STANDARD_VR

from viewer.dicom.elements import Element, dictionary_vr

_UNDEFINED: Final = 0xFFFFFFFF
_HEAD: Final = 8
"""Bytes of the head of an element whose VR is none, or is not one with a long length (PS3.5 7.1)."""


def is_no_element(tag: int, vr: str | None, length: int, left: int, *, explicit: bool) -> bool:
    """Return whether the head of an element cannot be one, so that other bytes begin here.

    A data set cut short ends in an element that is known; this one has a VR that does not exist, or no VR
    and a tag that PS3.6 does not know, and claims more bytes than the `left` ones. `explicit`: elements
    before it had a VR.
    """
    if length <= left or length == _UNDEFINED:
        return False
    if vr is not None:
        return vr not in STANDARD_VR
    return not dictionary_vr(tag) and (explicit or not (tag >> 16) % 2)


def tail_start(elements: Sequence[Element], size: int) -> int | None:
    """Return where other bytes begin behind the data set of a file, None when there are none.

    `elements`: of the top level as they stand in the file, `size`: its bytes.
    """
    last = elements[-1] if elements else None
    if not isinstance(last, RawDataElement) or len(elements) < 2:
        return None
    explicit = any(e.VR is not None for e in elements[:-1])
    left = size - last.value_tell
    vr = None if last.VR is None or last.is_implicit_VR else last.VR
    if is_no_element(int(last.tag), vr, last.length, left, explicit=explicit):
        return last.value_tell - _HEAD
    return None
