"""Check the pixels of a written file against its source; shares no code with what blanked them."""

import warnings
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import zip_longest
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragmented_frames, parse_basic_offsets, parse_fragments
from pydicom.uid import (
    UID,
)

from viewer.dicom.decisions import Blank, Finding, Severity
from viewer.release.report import PixelProof
from viewer.release.verify_bits import UNUSED_BITS, as_if_cleared, is_drawn_in, without_unused_bits
from viewer.release.verify_black import black_words
from viewer.release.verify_decoders import FAILURES, NotDecoded, decoded
from viewer.release.verify_streams import TEXTS, with_texts_blanked

_PIXEL_DATA: Final = 0x7FE00010
_PIXELS: Final = (_PIXEL_DATA, 0x7FE00008, 0x7FE00009)
_OFFSETS: Final = (0x7FE00001, 0x7FE00002)
_HIDDEN: Final = "Bits of the image that belong to no pixel hold data."
_GEOMETRY: Final = (
    *(0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011),
    *(0x00280100, 0x00280101, 0x00280102, 0x00280103),
)
_Masks: TypeAlias = dict[int, NDArray[np.bool_]]
"""Per touched frame which pixels must be black: (rows, columns)."""


class _Wrong(Exception):
    """Ends the check with one finding."""

    def __init__(self, code: str, message: str, where: str = "(7FE0,0010)") -> None:
        self.finding = Finding(code, Severity.ERROR, where, message)
        super().__init__(message)


def check_pixels(
    source: Dataset, written: Dataset, blanks: Sequence[Blank]
) -> tuple[PixelProof, tuple[Finding, ...]]:
    """Return what was shown about the pixels of a written file, and what is wrong with them.

    Without blanks the pixel data must be byte-identical, but for one byte that pads an odd length. With
    blanks every untouched frame must be byte-identical, every touched one equal outside the shapes and
    black inside, as pydicom decodes it with a decoder of another origin than the one that blanked it.
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
    _same_header(source, written)
    frames = int(source.get("NumberOfFrames") or 1)
    if any(blank.shape == TEXTS for blank in blanks):
        source, written = with_texts_blanked(source), with_texts_blanked(written)
        blanks = [blank for blank in blanks if blank.shape != TEXTS]
    hidden = any(blank.shape == UNUSED_BITS for blank in blanks)
    blanks = [blank for blank in blanks if blank.shape != UNUSED_BITS]
    encapsulated = _undefined_length(source, tags[0])
    if hidden and not encapsulated:
        source = without_unused_bits(source, tags[0])
    if not blanks and not (hidden and encapsulated):
        _check_bytes(source, written, tags)
        return PixelProof("decoded", frames, frames) if hidden else PixelProof("bytes", frames)
    if len(tags) != 1:
        raise _Wrong("pixels-unreadable", "It has more than one kind of pixel data.")
    masks = _masks(source, blanks, frames)
    if encapsulated:
        _check_streams(source, written, masks, frames, hidden=hidden)
    else:
        _check_native(source, written, masks, frames)
    blanked = sum(int(np.count_nonzero(mask)) for mask in masks.values())
    return PixelProof("decoded", frames, frames if hidden else len(masks), blanked)


def _check_bytes(source: Dataset, written: Dataset, tags: Sequence[int]) -> None:
    """Raise unless the pixel data are as before and unused bits in them draw nothing."""
    for tag in tags:
        if not _same_bytes(_bytes(source, tag), _bytes(written, tag)):
            raise _Wrong("pixels-changed", "The pixel data changed although no region was drawn.")
    if tags[0] == _PIXEL_DATA and not _undefined_length(written, tags[0]) and is_drawn_in(written):
        raise _Wrong("hidden-bits-left", _HIDDEN)


def _same_header(source: Dataset, written: Dataset) -> None:
    """Raise unless geometry, depth, colours and encoding of the pixels are as before."""
    for tag in _GEOMETRY:
        old, new = _header_value(source, tag), _header_value(written, tag)
        if type(old) is not type(new):
            old, new = source.get(tag), written.get(tag)
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


def _bytes(dataset: Dataset, tag: int) -> bytes:
    element = dataset.get_item(tag)
    return bytes(element.value or b"") if element is not None else b""


def _same_bytes(old: bytes, new: bytes) -> bool:
    """Return whether values are equal but for the byte that pads an odd length; nothing is copied."""
    return old == new or (len(old) % 2 == 1 and len(new) == len(old) + 1 and new.startswith(old))


def _masks(dataset: Dataset, blanks: Sequence[Blank], frames: int) -> _Masks:
    """Return the masks of all touched frames; raise when a region cannot be checked."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    masks: _Masks = {}
    for blank in blanks:
        if blank.shape != "rectangle":
            raise _Wrong("shape-unknown", "A region has a shape that cannot be checked.")
        left, top, right, bottom = blank.points
        inside = np.zeros((rows, columns), np.bool_)
        inside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
        for frame in blank.frames:
            if not 0 <= frame < frames:
                raise _Wrong("frame-missing", "A frame in which a region was drawn is missing.")
            if inside.any():
                masks[frame] = inside | masks[frame] if frame in masks else inside
    return masks


def _compare(
    old: NDArray[Any], new: NDArray[Any], mask: NDArray[np.bool_], black: tuple[frozenset[int], ...]
) -> None:
    """Raise unless samples (rows, columns, samples) are equal outside the mask and black inside."""
    if old.shape != new.shape or old.shape[:2] != mask.shape:
        raise _Wrong("frame-missing", "A frame has another size than before.")
    changed = np.nonzero(old != new)
    if not mask[changed[0], changed[1]].all():
        raise _Wrong("pixels-outside-changed", "Pixels outside the regions have changed.")
    if not mask.any():
        return
    if not black:
        raise _Wrong("box-not-blank", "What black is in this image is not known.")
    inside = new[mask].reshape(-1, len(black))
    constant = bool((inside == inside[0]).all())
    if not constant or any(int(v) not in b for v, b in zip(inside[0], black, strict=True)):
        raise _Wrong("box-not-blank", "A region is not wholly black.")


# Uncompressed pixels: compared as they stand in the file ---------------------------------------------


def _check_native(source: Dataset, written: Dataset, masks: _Masks, frames: int) -> None:
    tag = next(t for t in _PIXELS if t in source)
    old, new = _bytes(source, tag), _bytes(written, tag)
    if not (len(old) <= len(new) <= len(old) + len(old) % 2):
        raise _Wrong("frame-missing", "There are not as many pixels as before.")
    if source.get_item(tag).VR == "OW" and not source.original_encoding[1] and source.BitsAllocated <= 8:
        old, new = (np.frombuffer(v + b"\0" * (len(v) % 2), "u2").byteswap().tobytes() for v in (old, new))
    photometric = str(source.get("PhotometricInterpretation", ""))
    black = black_words(source, photometric, encapsulated=False)
    halved = photometric == "YBR_FULL_422"
    if halved:
        black = (*black[:1], *black)
    for frame in range(frames):
        before, after = (_native_frame(source, v, frame, tag) for v in (old, new))
        if frame in masks:
            mask = masks[frame]
            _compare(before, after, mask[:, ::2] | mask[:, 1::2] if halved else mask, black)
        elif not np.array_equal(before, after):
            raise _Wrong("untouched-frame-changed", "A frame without a region has changed.")
    end = _frame_bits(source, tag) * frames // 8
    rest = slice(end + 1 if _frame_bits(source, tag) * frames % 8 else end, None)
    if not _same_bytes(old[rest], new[rest]):
        raise _Wrong("pixels-outside-changed", "What follows the last frame has changed.")


def _allocated(dataset: Dataset, tag: int) -> int:
    return {0x7FE00008: 32, 0x7FE00009: 64}.get(tag) or int(dataset.BitsAllocated)


def _frame_bits(dataset: Dataset, tag: int) -> int:
    samples = 2 if dataset.get("PhotometricInterpretation") == "YBR_FULL_422" else _samples(dataset)
    return int(dataset.Rows) * int(dataset.Columns) * samples * _allocated(dataset, tag)


def _samples(dataset: Dataset) -> int:
    return int(dataset.get("SamplesPerPixel") or 1)


def _native_frame(dataset: Dataset, data: bytes, frame: int, tag: int) -> NDArray[Any]:
    """Return the unsigned words of a frame, as a view: (rows, columns, samples), or pairs for 4:2:2."""
    bits, size = _allocated(dataset, tag), _frame_bits(dataset, tag)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if bits == 1:
        packed = np.frombuffer(data, np.uint8)[size * frame // 8 : (size * (frame + 1) + 7) // 8]
        first = size * frame % 8
        words = np.unpackbits(packed, bitorder="little")[first : first + size]
    else:
        order = "<" if dataset.original_encoding[1] else ">"
        words = np.frombuffer(data, f"{order}u{bits // 8}", size // bits, size * frame // 8)
    if dataset.get("PhotometricInterpretation") == "YBR_FULL_422":
        return words.reshape(rows, columns // 2, 4)
    if dataset.get("PlanarConfiguration") == 1:
        return words.reshape(_samples(dataset), rows, columns).transpose(1, 2, 0)
    return words.reshape(rows, columns, _samples(dataset))


# Compressed pixels: touched frames decoded, the others compared as they stand ------------------------


def _check_streams(source: Dataset, written: Dataset, masks: _Masks, frames: int, *, hidden: bool) -> None:
    _check_offsets(source, written, frames)
    seen = 0
    for before, after in zip_longest(_fragments(source, frames), _fragments(written, frames)):
        if before is None or after is None:
            raise _Wrong("frame-missing", "There are not as many frames as before.")
        if seen in masks or hidden:
            old, _ = decoded(source, b"".join(before))
            new, photometric = decoded(written, b"".join(after))
            old = _as_if_cleared(source, old, new) if hidden else old
            mask = masks.get(seen, np.zeros(new.shape[:2], np.bool_))
            _compare(old, new, mask, black_words(source, photometric, encapsulated=True))
        elif before != after:
            raise _Wrong("untouched-frame-changed", "A frame without a region has changed.")
        seen += 1
    if seen != frames:
        raise _Wrong("frame-missing", "There are not as many frames as the file says.")


def _as_if_cleared(source: Dataset, old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
    cleared = as_if_cleared(source, old, new)
    if cleared is None:
        raise _Wrong("hidden-bits-left", _HIDDEN)
    return cleared


def _fragments(dataset: Dataset, frames: int) -> Iterator[tuple[bytes, ...]]:
    extended = None
    if _OFFSETS[0] in dataset:
        extended = _bytes(dataset, _OFFSETS[0]), _bytes(dataset, _OFFSETS[1])
    value = _bytes(dataset, _PIXEL_DATA)
    return generate_fragmented_frames(value, number_of_frames=frames, extended_offsets=extended)


def _check_offsets(source: Dataset, written: Dataset, frames: int) -> None:
    """Raise unless every offset table that was there is there, and points to fragments in order."""
    stream = BytesIO(_bytes(written, _PIXEL_DATA))
    basic = parse_basic_offsets(stream)
    start = stream.tell()
    places = {place - start for place in parse_fragments(stream)[1]}
    extended = [int(v) for v in np.frombuffer(_bytes(written, _OFFSETS[0]), "<u8")]
    for table in (basic, extended):
        right = len(table) == frames and table[0] == 0 and table == sorted(set(table)) and places >= {*table}
        if table and not right:
            raise _Wrong("offsets-wrong", "A table of frame positions is wrong.")
    had_basic = bool(parse_basic_offsets(_bytes(source, _PIXEL_DATA)))
    if had_basic != bool(basic) or any((t in source) != (t in written) for t in _OFFSETS):
        raise _Wrong("offsets-wrong", "A table of frame positions is missing or new.")
