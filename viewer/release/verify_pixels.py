"""Check the pixels of a written file against its source; shares no code with what blanked them."""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from os import cpu_count
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID, JPEGBaseline8Bit, JPEGExtended12Bit

from viewer.dicom.decisions import Blank, Finding, Severity
from viewer.release.report import PixelProof
from viewer.release.verify_bits import UNUSED_BITS, as_if_cleared, is_drawn_in, without_unused_bits
from viewer.release.verify_blocks import blocks_problem, jpeg_of
from viewer.release.verify_decoders import FAILURES, NotDecoded, decoded
from viewer.release.verify_fill import Ground, allowed
from viewer.release.verify_frames import (
    PIXEL_DATA,
    are_offsets_right,
    fragments,
    frame_bits,
    is_halved,
    native_frame,
    native_value,
)
from viewer.release.verify_shapes import Filled, filled
from viewer.release.verify_streams import TEXTS, with_texts_blanked
from viewer.release.verify_values import are_equal, same_part, same_value, value_of
from viewer.release.verify_video import is_video, video_problem

_PIXELS: Final = (PIXEL_DATA, 0x7FE00008, 0x7FE00009)
_HIDDEN: Final = "Bits of the image that belong to no pixel hold data."
_PHOTOMETRIC: Final = 0x00280004
_ROWS: Final = 256
"""Rows that are compared at once: a film is large, and so are the copies of a comparison."""
_GEOMETRY: Final = (
    *(0x00280002, _PHOTOMETRIC, 0x00280006, 0x00280008, 0x00280010, 0x00280011),
    *(0x00280100, 0x00280101, 0x00280102, 0x00280103),
)
_RECOLOURED: Final = ("YBR_ICT", "YBR_RCT")
"""Colours of frames compressed with loss, and of the same ones once all are stored without."""
_Wanted: TypeAlias = dict[int, list[Filled]]
"""Per touched frame what must be filled with what."""


class _Wrong(Exception):
    """Ends the check with one finding."""

    def __init__(self, code: str, message: str, where: str = "(7FE0,0010)") -> None:
        self.finding = Finding(code, Severity.ERROR, where, message)
        super().__init__(message)


_MESSAGES: Final = {
    "frame-missing": "A frame has another size than before.",
    "blocks-outside-changed": "Parts of the compressed image outside the regions have changed.",
    "pixels-outside-changed": "Pixels outside the regions have changed.",
    "box-not-blank": "A region is not wholly filled as it was asked for.",
    "stream-text-left": "The compressed image still carries text beside the picture.",
}


def check_pixels(
    source: Dataset, written: Dataset, blanks: Sequence[Blank]
) -> tuple[PixelProof, tuple[Finding, ...]]:
    """Return what was shown about the pixels of a written file, and what is wrong with them.

    Without blanks the pixel data must be byte-identical, but for one byte that pads an odd length. With
    blanks every untouched frame must be byte-identical, every touched one equal outside the shapes and
    filled inside, as pydicom decodes it with a decoder of another origin than the one that blanked it; of a
    JPEG frame, every block of coefficients outside must be equal. Frames are read one by one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _checked(source, written, blanks), ()
        except _Wrong as wrong:
            return PixelProof("none"), (wrong.finding,)
        except NotDecoded:
            spoiled = _Wrong("pixels-unreadable", "A changed frame cannot be decoded for the check.")
            return PixelProof("none"), (spoiled.finding,)
        except FAILURES:
            unchecked = _Wrong("pixels-unreadable", "The pixels of the written file cannot be checked.")
            return PixelProof("none"), (unchecked.finding,)


def _checked(source: Dataset, written: Dataset, blanks: Sequence[Blank]) -> PixelProof:
    tags = [t for t in _PIXELS if t in source]
    if tags != [t for t in _PIXELS if t in written]:
        raise _Wrong("pixels-missing", "The written file has not the same kinds of pixel data as before.")
    if not tags:
        if blanks:
            raise _Wrong("pixels-missing", "There are no pixels in which a region could be blanked.")
        return PixelProof("none")
    frames = int(source.get("NumberOfFrames") or 1)
    if is_video(source) and any(blank.points for blank in blanks):
        return _checked_video(source, written, blanks)
    if any(blank.shape == TEXTS for blank in blanks):
        source, written = with_texts_blanked(source), with_texts_blanked(written)
        blanks = [blank for blank in blanks if blank.shape != TEXTS]
    hidden = any(blank.shape == UNUSED_BITS for blank in blanks)
    blanks = [blank for blank in blanks if blank.shape != UNUSED_BITS]
    touched = {frame for blank in blanks for frame in blank.frames}
    _same_header(source, written, all_touched=len(touched) == frames)
    wanted = _wanted(source, blanks, frames)
    encapsulated = _undefined_length(source, tags[0])
    if not wanted and not hidden:
        _check_bytes(source, written, tags)
        return PixelProof("bytes", frames)
    if len(tags) != 1:
        raise _Wrong("pixels-unreadable", "It has more than one kind of pixel data.")
    if encapsulated:
        _check_streams(source, written, wanted, frames, hidden=hidden)
    else:
        _check_native(source, written, wanted, frames, hidden=hidden)
    blanked = sum(int(np.count_nonzero(part.shown)) for parts in wanted.values() for part in parts)
    return PixelProof("decoded", frames, frames if hidden else len(wanted), blanked)


def _checked_video(source: Dataset, written: Dataset, blanks: Sequence[Blank]) -> PixelProof:
    _same_header(source, written, all_touched=False)
    proof, problem = video_problem(source, written, [blank for blank in blanks if blank.points])
    if problem:
        raise _Wrong(problem, _MESSAGES.get(problem, "The video that was made anew is not right."))
    return proof


def _check_bytes(source: Dataset, written: Dataset, tags: Sequence[int]) -> None:
    """Raise unless the pixel data are as before and unused bits in them draw nothing."""
    for tag in tags:
        if not same_value(value_of(source, tag), value_of(written, tag)):
            raise _Wrong("pixels-changed", "The pixel data changed although no region was drawn.")
    if tags[0] == PIXEL_DATA and not _undefined_length(written, tags[0]) and is_drawn_in(written):
        raise _Wrong("hidden-bits-left", _HIDDEN)


def _same_header(source: Dataset, written: Dataset, *, all_touched: bool) -> None:
    """Raise unless geometry, depth, colours and encoding of the pixels are as before."""
    for tag in _GEOMETRY:
        old, new = _header_value(source, tag), _header_value(written, tag)
        if type(old) is not type(new):
            old, new = source.get(tag), written.get(tag)
        if tag == _PHOTOMETRIC and all_touched and _colours(source, written) == _RECOLOURED:
            continue
        if old != new:
            raise _Wrong("pixel-header-changed", "What the file says of its pixels has changed.")
    tag = next(t for t in _PIXELS if t in source)
    wrapped = _undefined_length(source, tag)
    if wrapped != _undefined_length(written, tag):
        raise _Wrong("syntax-changed", "The pixels are no longer compressed as before.")
    if wrapped and _syntax(source) != _syntax(written):
        raise _Wrong("syntax-changed", "The transfer syntax has changed.")
    if not wrapped and source.original_encoding[1] != written.original_encoding[1]:
        raise _Wrong("syntax-changed", "The byte order of the pixels has changed.")


def _colours(source: Dataset, written: Dataset) -> tuple[str, str]:
    return str(source.get("PhotometricInterpretation")), str(written.get("PhotometricInterpretation"))


def _header_value(dataset: Dataset, tag: int) -> object:
    """Return an element's value as it was read: bytes while nobody has converted it."""
    element = dataset.get_item(tag) if tag in dataset else None
    if element is None:
        return None
    if isinstance(element, RawDataElement):
        return (element.value or b"").strip(b" \0") if element.VR in ("CS", "IS") else element.value
    return element.value


def _syntax(dataset: Dataset) -> UID:
    return UID(dataset.file_meta.TransferSyntaxUID)


def _undefined_length(dataset: Dataset, tag: int) -> bool:
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement):
        return element.length == 0xFFFFFFFF
    return bool(element is not None and element.is_undefined_length)


def _wanted(dataset: Dataset, blanks: Sequence[Blank], frames: int) -> _Wanted:
    """Return what every touched frame must be filled with; raise when a region cannot be checked."""
    of_frame: dict[int, list[Blank]] = {}
    for blank in blanks:
        for frame in blank.frames:
            if not 0 <= frame < frames:
                raise _Wrong("frame-missing", "A frame in which a region was drawn is missing.")
            of_frame.setdefault(frame, []).append(blank)
    known: dict[tuple[Blank, ...], list[Filled]] = {}
    for mine in of_frame.values():
        if tuple(mine) not in known:
            try:
                parts = filled(mine, int(dataset.Rows), int(dataset.Columns))
            except ValueError:
                raise _Wrong("shape-unknown", "A region has a shape that cannot be checked.") from None
            known[tuple(mine)] = [part for part in parts if part.covered.any()]
    return {frame: known[tuple(mine)] for frame, mine in of_frame.items() if known[tuple(mine)]}


def _compare(old: NDArray[Any], new: NDArray[Any], parts: Sequence[Filled], ground: Ground) -> None:
    """Raise unless samples (rows, columns, samples) are equal outside the shapes and filled inside."""
    if old.shape != new.shape or any(old.shape[:2] != part.covered.shape for part in parts):
        raise _Wrong("frame-missing", _MESSAGES["frame-missing"])
    first = min((part.rows.start for part in parts), default=0)
    last = max((part.rows.stop for part in parts), default=0)
    same = are_equal(old[:first], new[:first]) and are_equal(old[last:], new[last:])
    if same and parts:
        same = not any(
            _differs(old, new, parts, slice(row, min(row + _ROWS, last))) for row in range(first, last, _ROWS)
        )
    if not same:
        raise _Wrong("pixels-outside-changed", _MESSAGES["pixels-outside-changed"])
    for part in parts:
        found = new[part.rows][part.shown[part.rows]]
        if len(found):
            mean = part.blank.fill == "mean"
            _check_fill(found, allowed(part.blank, ground, old[part.covered] if mean else found[:0]))


def _differs(old: NDArray[Any], new: NDArray[Any], parts: Sequence[Filled], rows: slice) -> bool:
    """Return whether any sample of some rows has changed outside the shapes."""
    outside = ~np.logical_or.reduce([part.shown[rows] for part in parts])
    return bool(((old[rows] != new[rows]).any(axis=-1) & outside).any())


def _check_fill(found: NDArray[Any], words: tuple[frozenset[int], ...]) -> None:
    if len(words) != found.shape[-1]:
        raise _Wrong("box-not-blank", "What a region should be filled with in this image is not known.")
    constant = bool((found == found[0]).all())
    if not constant or any(int(v) not in right for v, right in zip(found[0], words, strict=True)):
        raise _Wrong("box-not-blank", _MESSAGES["box-not-blank"])


# Uncompressed pixels: compared as they stand in the file ---------------------------------------------


def _check_native(source: Dataset, written: Dataset, wanted: _Wanted, frames: int, *, hidden: bool) -> None:
    tag = next(t for t in _PIXELS if t in source)
    old, new = native_value(source, tag), native_value(written, tag)
    if not (len(old) <= len(new) <= len(old) + len(old) % 2):
        raise _Wrong("frame-missing", "There are not as many pixels as before.")
    ground = Ground(source, str(source.get("PhotometricInterpretation", "")), encapsulated=False)
    for frame in range(frames):
        before, after = (native_frame(source, value, frame, tag) for value in (old, new))
        if hidden:
            before = without_unused_bits(source, before)
        if frame in wanted and is_halved(source):
            _compare_pairs(before, after, wanted[frame], ground)
        elif frame in wanted:
            _compare(before, after, wanted[frame], ground)
        elif not are_equal(before, after):
            raise _Wrong("untouched-frame-changed", "A frame without a region has changed.")
    bits = frame_bits(source, tag) * frames
    if not same_part(old, new, (bits + 7) // 8, len(old)):
        raise _Wrong("pixels-outside-changed", "What follows the last frame has changed.")


def _compare_pairs(old: NDArray[Any], new: NDArray[Any], parts: Sequence[Filled], ground: Ground) -> None:
    """Compare pairs of pixels with one chrominance (rows, columns / 2, 4): both are filled or none."""
    grown, later = [], np.zeros(parts[0].shown.shape, np.bool_)
    for part in reversed(parts):
        both = np.repeat(part.shown[:, ::2] | part.shown[:, 1::2], 2, axis=1)
        grown.append(Filled(part.blank, part.covered, both & ~later, part.rows))
        later |= both
    grown.reverse()
    _compare(_singly(old), _singly(new), grown, ground)


def _singly(pairs: NDArray[Any]) -> NDArray[Any]:
    """Return Y, Cb, Cr of each pixel of (rows, columns / 2, 4) Y, Y, Cb, Cr."""
    rows, half, _ = pairs.shape
    chrominance = np.repeat(pairs[..., 2:], 2, axis=1)
    return np.concatenate([pairs[..., :2].reshape(rows, 2 * half, 1), chrominance], axis=-1)


# Compressed pixels: touched frames decoded, the others compared as they stand ------------------------


def _check_streams(source: Dataset, written: Dataset, wanted: _Wanted, frames: int, *, hidden: bool) -> None:
    if not are_offsets_right(source, written, frames):
        raise _Wrong("offsets-wrong", "A table of frame positions is wrong, missing or new.")
    seen = 0
    # Frames of JPEG blocks are checked by code that was tried in threads; not every decoder is safe there.
    threads = min(cpu_count() or 1, 4) if _syntax(source) in (JPEGBaseline8Bit, JPEGExtended12Bit) else 1
    with ThreadPoolExecutor(threads) as pool:
        running = []
        for before, after in zip_longest(fragments(source, frames), fragments(written, frames)):
            if before is None or after is None:
                raise _Wrong("frame-missing", "There are not as many frames as before.")
            if seen in wanted or hidden:
                parts = wanted.get(seen, [])
                streams = b"".join(before), b"".join(after)
                running.append(pool.submit(_check_frame, source, written, *streams, parts, hidden=hidden))
                if len(running) >= _AT_ONCE:
                    running.pop(0).result()
            elif before != after:
                raise _Wrong("untouched-frame-changed", "A frame without a region has changed.")
            seen += 1
        for one in running:
            one.result()
    if seen != frames:
        raise _Wrong("frame-missing", "There are not as many frames as the file says.")


_AT_ONCE: Final = 8


def _check_frame(
    source: Dataset, written: Dataset, before: bytes, after: bytes, parts: Sequence[Filled], *, hidden: bool
) -> None:
    jpeg = jpeg_of(source, before)
    if jpeg is not None and not hidden:
        problem = blocks_problem(source, jpeg, jpeg_of(written, after), parts)
        if problem:
            raise _Wrong(problem, _MESSAGES.get(problem, "The blocks of a compressed image are not right."))
        return
    old, _ = decoded(source, before)
    new, photometric = decoded(written, after)
    if hidden:
        cleared = as_if_cleared(source, old, new)
        if cleared is None:
            raise _Wrong("hidden-bits-left", _HIDDEN)
        old = cleared
    _compare(old, new, parts, Ground(source, photometric, encapsulated=True))
