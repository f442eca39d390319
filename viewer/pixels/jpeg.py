"""Blank blocks of a JPEG frame and leave every other block of coefficients bit-identical (ISO 10918-1)."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from viewer.dicom.errors import Unsupported
from viewer.pixels import jpeg_native
from viewer.pixels.jpeg_progressive import as_sequential
from viewer.pixels.jpeg_sequential import Wish, blanked_scans
from viewer.pixels.jpeg_stream import DAMAGED, Frame, Jpeg, Scan, parse_jpeg

Area: TypeAlias = tuple[slice, slice, tuple[int, ...]]
"""Rows, columns, and the value of each component that fills them, 0 to 2 ** precision - 1."""

_SCAN_ERRORS: Final = (IndexError, KeyError, OverflowError, ValueError)


def blank_blocks(data: bytes, areas: Sequence[Area], *, native: bool = True) -> bytes:
    """Return a JPEG stream in which the blocks under areas hold one value and all others what they held.

    Areas lie inside the image and grow to whole MCUs; a later one wins over an earlier one. Quantisation
    tables and restart intervals stay; a progressive stream becomes a sequential one with the same
    coefficients. Comments and application segments that do not tell the colours are left out.
    `native`: use libturbojpeg where it is found; the coefficients are the same without it.
    Raises Unsupported for arithmetic coding and other rare kinds, and for damaged streams.
    """
    jpeg = parse_jpeg(data)
    wish = _wish(jpeg, areas)
    if native and jpeg_native.can(jpeg):
        made = jpeg_native.blanked(data, jpeg, wish)
        if made is not None:
            return made
    try:
        if jpeg.frame.progressive or (scans := blanked_scans(jpeg, wish)) is None:
            jpeg = as_sequential(jpeg, wish)
        else:
            jpeg = replace(jpeg, scans=scans)
    except _SCAN_ERRORS as error:
        raise Unsupported(DAMAGED) from error
    return assembled(jpeg)


def _wish(jpeg: Jpeg, areas: Sequence[Area]) -> Wish:
    """Return which MCUs are blanked and with what."""
    frame = jpeg.frame
    touched = np.zeros((frame.mcus_down, frame.mcus_across), np.bool_)
    levels = np.zeros((len(frame.components), *touched.shape), np.int64)
    high, wide = 8 * frame.v_max, 8 * frame.h_max
    for rows, columns, fill in areas:
        if len(fill) != len(frame.components):
            raise Unsupported("Its compressed image has another number of colours than the file says.")
        where = (
            slice(rows.start // high, -(-rows.stop // high)),
            slice(columns.start // wide, -(-columns.stop // wide)),
        )
        touched[where] = True
        for number, value in enumerate(fill):
            levels[number][where] = _level(jpeg, number, value)
    return Wish(touched, levels)


def _level(jpeg: Jpeg, component: int, value: int) -> int:
    """Return the DC level nearest to a value; black and white are passed, so that decoders clip to them."""
    step = jpeg.quantisation[component][0]
    if step < 1:
        raise Unsupported(DAMAGED)
    half = 1 << (jpeg.frame.precision - 1)
    amount = 8 * (value - half)
    if value == 0:
        return amount // step
    if value == 2 * half - 1:
        return -(-8 * half // step)
    return (2 * amount + step) // (2 * step)


def assembled(jpeg: Jpeg) -> bytes:
    """Return the stream of a frame and its scans."""
    tables: dict[int, tuple[int, ...]] = {}
    for component, table in zip(jpeg.frame.components, jpeg.quantisation, strict=True):
        tables.setdefault(component.quantisation, table)
    parts = [b"\xff\xd8", jpeg.colours, *(_quantisation(number, table) for number, table in tables.items())]
    parts.append(_frame_header(jpeg.frame))
    interval = 0
    for scan in jpeg.scans:
        for place, _, _ in scan.components:
            number, table = jpeg.frame.components[place].quantisation, jpeg.quantisation[place]
            if tables[number] != table:
                tables[number] = table
                parts.append(_quantisation(number, table))
        if scan.interval != interval:
            parts.append(b"\xff\xdd\x00\x04" + struct.pack(">H", scan.interval))
            interval = scan.interval
        parts += [_huffman_tables(scan), _scan_header(jpeg.frame, scan)]
        for number, part in enumerate(scan.parts):
            parts += [b"\xff" + bytes((0xD0 + (number - 1) % 8,)) if number else b"", part]
    return b"".join((*parts, b"\xff\xd9"))


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body


def _quantisation(number: int, table: tuple[int, ...]) -> bytes:
    wide = max(table) > 255
    return _segment(0xDB, bytes((wide << 4 | number,)) + struct.pack(">64H" if wide else ">64B", *table))


def _frame_header(frame: Frame) -> bytes:
    body = struct.pack(">BHHB", frame.precision, frame.rows, frame.columns, len(frame.components))
    for one in frame.components:
        body += bytes((one.identifier, one.factors, one.quantisation))
    return _segment(frame.marker, body)


def _huffman_tables(scan: Scan) -> bytes:
    body = b""
    for kind, tables, used in (
        (0, scan.dc, {dc for _, dc, _ in scan.components}),
        (1, scan.ac, {ac for _, _, ac in scan.components}),
    ):
        for number in sorted(used):
            body += bytes((kind << 4 | number, *tables[number].counts)) + tables[number].symbols
    return _segment(0xC4, body)


def _scan_header(frame: Frame, scan: Scan) -> bytes:
    body = bytes((len(scan.components),))
    for place, dc, ac in scan.components:
        body += bytes((frame.components[place].identifier, dc << 4 | ac))
    return _segment(0xDA, body + bytes((scan.first, scan.last, scan.high << 4 | scan.low)))
