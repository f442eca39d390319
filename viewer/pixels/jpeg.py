"""Blank blocks of JPEG frames; not there yet: such frames are held."""

from collections.abc import Sequence

from viewer.dicom.errors import Unsupported


def blank_blocks(data: bytes, areas: Sequence[tuple[slice, slice, tuple[int, ...]]]) -> bytes:
    """Refuse."""
    raise Unsupported(
        "Its image is compressed with loss and cannot be changed exactly yet; the file is held."
    )
