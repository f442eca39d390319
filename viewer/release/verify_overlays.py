"""Check the overlays of a written file: nothing in boxes or outside the image; the rest as it was."""

import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Basis, Blank, Finding, Plan, Severity
from viewer.dicom.elements import CONVERSION_ERRORS
from viewer.release.verify_shapes import filled

_GROUPS: Final = range(0x6000, 0x6020, 2)


def check_overlays(source: Dataset, written: Dataset, plan: Plan) -> tuple[Finding, ...]:
    """Return an ERROR for every overlay in which a box or what lies outside the image was not cleared.

    One that a person chose to keep by an override is left to that person.
    """
    chosen = {d.path[0] >> 16 for d in plan.decisions if d.why.basis is Basis.OVERRIDE}
    groups = [g for g in _GROUPS if g << 16 | 0x3000 in written and g not in chosen]
    findings = []
    for group in groups:
        try:
            wrong = _wrong(source, written, group, plan.blanks)
        except (struct.error, *CONVERSION_ERRORS):
            wrong = "An overlay cannot be checked."
        if wrong:
            findings.append(Finding("overlay-wrong", Severity.ERROR, f"({group:04X},3000)", wrong))
    return tuple(findings)


def _wrong(source: Dataset, written: Dataset, group: int, blanks: Sequence[Blank]) -> str:
    before, after = _bits(source, group), _bits(written, group)
    if before.shape != after.shape:
        return "An overlay has another size than before."
    if _is_followed(written, group, after.size):
        return "Something stands behind the bits of an overlay."
    allowed = np.ones(after.shape, np.bool_)
    for index in range(len(after)):
        rows, columns = np.indices(after.shape[1:])
        origin = written[group << 16 | 0x0050].value if group << 16 | 0x0050 in written else (1, 1)
        rows, columns = rows + int(origin[0]) - 1, columns + int(origin[1]) - 1
        allowed[index] &= (rows >= 0) & (rows < int(written.Rows)) & (columns >= 0)
        allowed[index] &= columns < int(written.Columns)
        inside = _filled(written, _image_frame(written, group, index), blanks)
        seen = np.flatnonzero(allowed[index])
        allowed[index].flat[seen] = ~inside[rows.flat[seen], columns.flat[seen]]
        if _image_frame(written, group, index) >= int(written.get("NumberOfFrames") or 1):
            allowed[index] = False
    if (after & ~allowed).any():
        return "An overlay still draws in a region, or outside the image."
    return "An overlay was changed outside the regions." if (before & allowed != after).any() else ""


def _image_frame(written: Dataset, group: int, index: int) -> int:
    """Return the image frame of an overlay's frame, 0-based; -1 when it lies over all of them."""
    if group << 16 | 0x0015 not in written:
        return -1
    first = written.get(group << 16 | 0x0051)
    return (int(first.value) if first is not None and first.value else 1) - 1 + index


def _filled(written: Dataset, frame: int, blanks: Sequence[Blank]) -> NDArray[np.bool_]:
    """Return what regions cover in a frame of the image, in any frame when it is -1."""
    size = int(written.Rows), int(written.Columns)
    regions = [blank for blank in blanks if blank.points]
    frames = {f for blank in regions for f in blank.frames} if frame < 0 else {frame}
    covered = np.zeros(size, np.bool_)
    for mine in {tuple(b for b in regions if f in b.frames) for f in frames}:
        for part in filled(mine, *size):
            covered |= part.shown
    return covered


def _is_followed(written: Dataset, group: int, bits: int) -> bool:
    value = written[group << 16 | 0x3000].value
    return len(value) > (bits + 15) // 16 * 2 and any(value[(bits + 15) // 16 * 2 :])


def _bits(dataset: Dataset, group: int) -> NDArray[Any]:
    """Return the bits of an overlay (frames, rows, columns)."""
    tag = group << 16
    element, big = dataset[tag | 0x3000], dataset.original_encoding[1] is False
    words = np.frombuffer(element.value, ">u2" if big and element.VR == "OW" else "<u2")
    bits = (words[:, None] >> np.arange(16, dtype=words.dtype) & 1).ravel().astype(np.bool_)
    frames = int(dataset[tag | 0x0015].value) if tag | 0x0015 in dataset else 1
    shape = frames, int(dataset[tag | 0x0010].value), int(dataset[tag | 0x0011].value)
    count = shape[0] * shape[1] * shape[2]
    return np.asarray(bits[:count].reshape(shape))
