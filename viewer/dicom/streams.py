"""What a compressed frame says of itself, read from its own markers and not from the data set."""

import struct
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from viewer.dicom.errors import Unsupported

DAMAGED: Final = "Its image is damaged or cut short, so it cannot be decoded."
_UNKNOWN: Final = "Its image is compressed in a way that this program does not know."


class Stream(Enum):
    """The kinds of compressed frame."""

    NATIVE = "uncompressed"
    RLE = "RLE"
    JPEG = "JPEG"
    JPEG_LOSSLESS = "JPEG Lossless"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"
    HTJ2K = "High-Throughput JPEG 2000"
    JPEG_XL = "JPEG XL"
    DEFLATED = "Deflated Image Frame"


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """Geometry and coding of one compressed frame. `precision`: bits per sample in the stream."""

    stream: Stream
    rows: int
    columns: int
    samples: int
    precision: int
    signed: bool = False
    lossless: bool = True
    """Every sample comes back as it went in: no quantisation, point transform or NEAR parameter."""
    subsampled: bool = False
    """Components differ in size or depth."""
    colour: str = ""
    """"RGB" or "YBR" when JPEG markers or component names say so."""
    colour_transform: bool = False
    """JPEG 2000: the codec itself turns red, green, blue to luminance and chrominance and back."""
    predictor: int = 1
    """JPEG Lossless: selection value 1 to 7."""
    interleave: int = 0
    """JPEG-LS: 0 by plane, 1 by line, 2 by sample. Deflated: 0 by plane, 2 by sample."""
    names: bytes = b""
    """JPEG Lossless: the identifiers of its components."""
    markers: bytes = b""
    """JPEG Lossless: its JFIF and Adobe segments, which tell decoders the colours."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (rows, columns) or (rows, columns, samples)."""
        return (self.rows, self.columns, self.samples) if self.samples > 1 else (self.rows, self.columns)


def stream_header(data: bytes, described: StreamHeader) -> StreamHeader:
    """Return what the frame says of itself; `described`: what the data set says, used for RLE alone.

    Raises Unsupported when it is no stream that a DICOM transfer syntax knows, is cut short, or has another
    size than the data set says (so that nothing is allocated on the word of one of them).
    """
    try:
        header = _parsed(data, described)
    except (IndexError, ValueError, struct.error) as error:
        raise Unsupported(DAMAGED) from error
    same = (described.rows, described.columns, described.samples)
    if (header.rows, header.columns, header.samples) != same:
        raise Unsupported("Its compressed image has another size or number of colours than the file says.")
    return header


def _parsed(data: bytes, described: StreamHeader) -> StreamHeader:
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    start = 0 if data[:4] == b"\xff\x4f\xff\x51" else data.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start == 0 or (start > 0 and data[4:8] == b"jP  "):
        return _jpeg_2000(data, start)
    if described.stream is Stream.JPEG_XL and data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return described
    if described.stream is Stream.DEFLATED:
        return _deflated(data, described)
    if described.stream is not Stream.RLE:
        raise Unsupported(_UNKNOWN)
    return _rle(data, described)


def _deflated(data: bytes, described: StreamHeader) -> StreamHeader:
    """Refuse a deflated frame that cannot hold the picture: deflating packs 1032 to 1 at the most."""
    size = described.rows * described.columns * described.samples * described.precision // 8
    if size > 1032 * len(data):
        raise Unsupported(DAMAGED)
    return described


def _rle(data: bytes, described: StreamHeader) -> StreamHeader:
    """Check the RLE header (PS3.5 G.5): as many segments as bytes per pixel, rising offsets."""
    count, *offsets = struct.unpack_from("<16L", data)
    offsets = offsets[:count]
    pixel_bytes = described.samples * described.precision // 8
    rising = all(a < b for a, b in zip(offsets, [*offsets[1:], len(data)], strict=True)) if offsets else False
    if count != pixel_bytes or not rising or offsets[0] < 64:
        raise Unsupported(DAMAGED)
    # A pair of bytes stands for 128 at the most: what is longer cannot be true, and is not allocated.
    if described.rows * described.columns * pixel_bytes > 64 * len(data):
        raise Unsupported(DAMAGED)
    return described


def _jpeg(data: bytes) -> StreamHeader:
    """Return the header of a JPEG (ISO 10918-1 B.2) or JPEG-LS (ISO 14495-1 C.2) stream."""
    frame: tuple[int, int] | None = None
    adobe, jfif, markers = -1, False, b""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise Unsupported(DAMAGED)
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if marker == 0xDA:
            break
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            frame = marker, at + 4
        elif marker == 0xEE and body[:5] == b"Adobe":
            adobe, markers = body[11], markers + b"\xff\xee\x00\x0e" + body[:12]
        elif marker == 0xE0 and body[:5] == b"JFIF\0":
            jfif, markers = True, markers + b"\xff\xe0\x00\x10" + body[:12] + b"\0\0"
        at += 2 + length
    if frame is None or data.find(b"\xff\xd9", at) < 0:
        raise Unsupported(DAMAGED)
    found = _jpeg_frame(data, frame, body, colour_hint=_hint(adobe, jfif=jfif))
    return replace(found, markers=markers) if found.stream is Stream.JPEG_LOSSLESS else found


def _hint(adobe: int, *, jfif: bool) -> str:
    if adobe >= 0:
        return "RGB" if adobe == 0 else "YBR"
    return "YBR" if jfif else ""


_JPEG_KINDS: Final = {
    0xC0: Stream.JPEG,
    0xC1: Stream.JPEG,
    0xC2: Stream.JPEG,
    0xC3: Stream.JPEG_LOSSLESS,
    0xF7: Stream.JPEG_LS,
}


def _jpeg_frame(data: bytes, frame: tuple[int, int], scan: bytes, *, colour_hint: str) -> StreamHeader:
    marker, at = frame
    if marker not in _JPEG_KINDS:
        raise Unsupported(_UNKNOWN)
    precision, rows, columns, samples = struct.unpack_from(">BHHB", data, at)
    components = [data[at + 6 + 3 * i : at + 9 + 3 * i] for i in range(samples)]
    first, second, third = scan[1 + 2 * scan[0] : 4 + 2 * scan[0]]
    kind = _JPEG_KINDS[marker]
    named = bytes(c[0] for c in components)
    return StreamHeader(
        kind,
        rows,
        columns,
        samples,
        precision,
        # First byte after the components: selection value of the predictor, or NEAR; third: point transform.
        lossless=(kind is Stream.JPEG_LOSSLESS or (kind is Stream.JPEG_LS and first == 0)) and third == 0,
        subsampled=len({c[1] for c in components}) > 1,
        colour="RGB" if named.upper() == b"RGB" else colour_hint if samples == 3 else "",
        predictor=first if kind is Stream.JPEG_LOSSLESS else 1,
        interleave=second if kind is Stream.JPEG_LS else 0,
        names=named if kind is Stream.JPEG_LOSSLESS else b"",
    )


def with_neutral_colours(data: bytes) -> bytes:
    """Return a JPEG stream of three components named R, G and B, without application segments or comments.

    Decoders then neither guess a colour space nor convert. Raises ValueError for anything but one scan of
    three components.
    """
    parts, at = [data[:2]], 2
    while data[at + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        if segment[1] == 0xC3:
            segment = _renamed(segment, first=10, step=3)
        if not 0xE0 <= segment[1] <= 0xEF and segment[1] != 0xFE:
            parts.append(segment)
        at += 2 + length
    (length,) = struct.unpack_from(">H", data, at + 2)
    if data[at + 4] != 3:
        raise ValueError("the components are in several scans")
    return b"".join((*parts, _renamed(data[at : at + 2 + length], first=5, step=2), data[at + 2 + length :]))


def _renamed(segment: bytes, *, first: int, step: int, names: bytes = b"RGB") -> bytes:
    changed = bytearray(segment)
    changed[first : first + len(names) * step : step] = names
    return bytes(changed)


def coloured_like(data: bytes, like: StreamHeader) -> bytes:
    """Return a JPEG Lossless stream of one scan with the component names and colour markers of another."""
    parts, at = [data[:2], like.markers], 2
    while True:
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        at += 2 + length
        if segment[1] == 0xC3:
            segment = _renamed(segment, first=10, step=3, names=like.names)
        if segment[1] == 0xDA:
            return b"".join((*parts, _renamed(segment, first=5, step=2, names=like.names), data[at:]))
        if not 0xE0 <= segment[1] <= 0xEF and segment[1] != 0xFE:
            parts.append(segment)


def _jpeg_2000(data: bytes, start: int) -> StreamHeader:
    """Return the header of a JPEG 2000 code stream (ISO 15444-1 A.5, A.6.1; ISO 15444-15 for CAP)."""
    right, bottom, left, top = struct.unpack_from(">4L", data, start + 8)
    (samples,) = struct.unpack_from(">H", data, start + 40)
    components = {data[start + 42 + 3 * i : start + 45 + 3 * i] for i in range(samples)}
    depth, step_x, step_y = data[start + 42 : start + 45]
    segments = _main_header(data, start + 2)
    coding = segments[0x52]
    if data.rfind(b"\xff\xd9", start) < 0:
        raise Unsupported(DAMAGED)
    return StreamHeader(
        Stream.HTJ2K if 0x50 in segments else Stream.JPEG_2000,
        bottom - top,
        right - left,
        samples,
        (depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
        lossless=coding[9] == 1,
        subsampled=len(components) > 1 or (step_x, step_y) != (1, 1),
        colour_transform=coding[4] == 1,
    )


def _main_header(data: bytes, at: int) -> dict[int, bytes]:
    """Return the marker segments before the first tile part, by the second byte of their marker."""
    segments: dict[int, bytes] = {}
    while data[at + 1] != 0x90:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker < 0xFF00 or length < 2:
            raise Unsupported(DAMAGED)
        segments[marker & 0xFF] = data[at + 4 : at + 2 + length]
        at += 2 + length
    if 0x52 not in segments or len(segments[0x52]) < 10:
        raise Unsupported(DAMAGED)
    return segments
