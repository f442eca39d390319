"""Which of the regions that a person drew fall on one instance, as shapes in its stored pixels."""

from collections.abc import Iterable
from dataclasses import replace

from pydicom.dataset import Dataset

from viewer.dicom.content_key import PREFIX, content_key
from viewer.dicom.decisions import Blank, Finding, Severity
from viewer.dicom.elements import texts
from viewer.dicom.errors import Unsupported
from viewer.pixels import stream_text, unused_bits
from viewer.pixels.devices import device_facts, device_key
from viewer.pixels.regions import ON_ONE_IMAGE, Box, Region, ScopeKind

_UID_OF = {
    ScopeKind.FRAME: 0x00080018,
    ScopeKind.FRAMES: 0x00080018,
    ScopeKind.IMAGE: 0x00080018,
    ScopeKind.SERIES: 0x0020000E,
    ScopeKind.STUDY: 0x0020000D,
}
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)


def blanks_for(dataset: Dataset, regions: Iterable[Region]) -> tuple[tuple[Blank, ...], tuple[Finding, ...]]:
    """Return the shapes to blank in this instance and the reasons why a region cannot be applied.

    A region drawn on an image of another size is never scaled nor left out: it is an ERROR finding.
    """
    texts_in_stream, told = _stream_texts(dataset)
    in_bits, seen = _hidden_drawing(dataset)
    hidden, told = (*texts_in_stream, *in_bits), (*told, *seen)
    mine = regions_on(dataset, regions)
    if not mine or not any(tag in dataset for tag in _PIXELS):
        return hidden, told
    rows, columns = _number(dataset, 0x00280010), _number(dataset, 0x00280011)
    blanks, problems = fitted(mine, rows, columns, max(_number(dataset, 0x00280008), 1))
    return tuple(dict.fromkeys((*hidden, *blanks))), (*told, *problems)


def _stream_texts(dataset: Dataset) -> tuple[tuple[Blank, ...], tuple[Finding, ...]]:
    """Return what overwrites texts beside the picture in compressed pixel data, and what to tell of them."""
    parts = stream_text.hidden_parts(dataset)
    if parts is None:
        message = "Its compressed image is damaged: texts beside the picture cannot be told apart from it."
        return (), (Finding("stream-unread", Severity.ERROR, "(7FE0,0010)", message),)
    if stream_text.offset_table_tells(dataset):
        message = "The table of frame positions in its image holds text instead of positions."
        return (), (Finding("offset-table-text", Severity.ERROR, "(7FE0,0010)", message),)
    if not parts:
        return (), ()
    message = "The compressed image carried comments or other text beside the picture; they were overwritten."
    told = Finding("stream-text", Severity.WARNING, "(7FE0,0010)", message)
    return (Blank(stream_text.SHAPE, (), ()),), (told,)


def regions_on(dataset: Dataset, regions: Iterable[Region]) -> list[Region]:
    """Return the regions whose scope holds this instance, of whatever size."""
    regions = list(regions)
    of_device = any(r.scope.kind is ScopeKind.DEVICE for r in regions)
    device = _device(dataset) if of_device else ("", 0, 0)
    return [r for r in regions if _is_on(r, dataset, device)]


def _is_on(region: Region, dataset: Dataset, device: tuple[str, int, int]) -> bool:
    scope = region.scope
    if scope.kind is ScopeKind.DEVICE:
        return (scope.uid, scope.rows, scope.columns) == device and scope.uid != ""
    own = _text(dataset, _UID_OF[scope.kind])
    if not own and scope.uid.startswith(PREFIX):
        return scope.kind in ON_ONE_IMAGE and scope.uid == content_key(dataset)
    return scope.uid == own


def _device(dataset: Dataset) -> tuple[str, int, int]:
    """Return the key of a device and the size of its image."""
    facts = device_facts(dataset)
    key = device_key(facts.text("Manufacturer"), facts.text("ManufacturerModelName"))
    return key, facts.rows, facts.columns


def fitted(
    mine: Iterable[Region], rows: int, columns: int, frames: int
) -> tuple[tuple[Blank, ...], tuple[Finding, ...]]:
    """Return regions as shapes on an image of that size and frame count, or why one cannot be applied."""
    blanks: list[Blank] = []
    problems: list[Finding] = []
    for region in mine:
        if not region.scope.uid:
            message = "A box was asked for on images without an identifier; they cannot be told apart."
            return (), (Finding("box-without-image", Severity.ERROR, "", message),)
        if (region.scope.rows, region.scope.columns) != (rows, columns):
            problems.append(_other_size(region, rows, columns))
            continue
        numbers = _frames(region, frames)
        if region.box.clipped(rows, columns) is None or not numbers:
            problems.append(_outside(region))
        else:
            blanks.append(_inside(region, rows, columns).blank(numbers))
    return tuple(dict.fromkeys(blanks)), tuple(dict.fromkeys(problems))


def _inside(region: Region, rows: int, columns: int) -> Region:
    """Return a region without the part of a box that lies outside the image; other shapes stay whole."""
    clipped = region.shape.clipped(rows, columns) if isinstance(region.shape, Box) else None
    return region if clipped is None else replace(region, shape=clipped)


def _hidden_drawing(dataset: Dataset) -> tuple[tuple[Blank, ...], tuple[Finding, ...]]:
    """Return what clears a drawing in unused bits of the pixel data, declared as an overlay or not.

    It may draw a name (PS3.5 8.1.1, 8.1.2).
    """
    if not any(tag in dataset for tag in _PIXELS):
        return (), ()
    declared = _declared_bits(dataset)
    stored, allocated = _number(dataset, 0x00280101), _number(dataset, 0x00280100)
    if stored == allocated and not declared:
        return (), ()
    clear = (Blank(unused_bits.SHAPE, (), tuple(range(max(_number(dataset, 0x00280008), 1)))),)
    high = _number(dataset, 0x00280102) or stored - 1
    if any(high - stored < position <= high for position in declared):
        message = (
            "An overlay is said to stand in bits that belong to the picture; the two cannot be told apart."
        )
        return (), (Finding("overlay-in-picture", Severity.ERROR, "(60xx,0102)", message),)
    named = any(position < allocated for position in declared)
    try:
        if not unused_bits.is_drawn_in(dataset):
            return (), ()
    except Unsupported:
        # Without a declared overlay, a damaged image in which nothing can be told apart stays as it is.
        return (clear, ()) if named else ((), ())
    if named:
        return clear, ()
    message = "Bits of the image that belong to no pixel value held something; they were cleared."
    return clear, (Finding("hidden-bits", Severity.WARNING, "(7FE0,0010)", message),)


def _declared_bits(dataset: Dataset) -> list[int]:
    """Return the bits of the pixel data in which overlays without data of their own are said to stand."""
    groups = [group << 16 for group in range(0x6000, 0x6020, 2)]
    return [
        _number(dataset, group | 0x0102)
        for group in groups
        if group | 0x0102 in dataset
        and group | 0x3000 not in dataset
        and _text(dataset, group | 0x0102) not in ("", "0")
    ]


def _frames(region: Region, count: int) -> tuple[int, ...]:
    if region.scope.frames is None:
        return tuple(range(count))
    first, last = region.scope.frames
    return tuple(range(max(first, 0), min(last + 1, count)))


def _outside(region: Region) -> Finding:
    what = "frames that it does not have" if region.scope.frames else "a place outside of it"
    return Finding("box-outside", Severity.ERROR, "", f"A box was asked for on {what}.")


def _other_size(region: Region, rows: int, columns: int) -> Finding:
    drawn = f"{region.scope.columns} × {region.scope.rows}"
    message = f"A box was drawn on an image of {drawn} pixels; this one has {columns} × {rows}."
    return Finding("other-size", Severity.ERROR, "", message)


def _text(dataset: Dataset, tag: int) -> str:
    found = texts(dataset.get_item(tag), ["ascii"]) if tag in dataset else ()
    return found[0] if found else ""


def _number(dataset: Dataset, tag: int) -> int:
    text = _text(dataset, tag)
    return int(text) if text.isdigit() and len(text) < 10 else 0
