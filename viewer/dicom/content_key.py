"""What an instance without a SOP Instance UID is known by: a digest of its content."""

import hashlib
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.elements import raw_elements
from viewer.dicom.pixel_value import PixelValue

PREFIX: Final = "content "
"""No UID begins like this."""


def content_key(dataset: Dataset) -> str:
    """Return a text that two different data sets do not share; no value can be told from it."""
    content = hashlib.sha256()
    for tag, element in raw_elements(dataset):
        value = element.value
        if isinstance(value, (bytes, PixelValue)):
            content.update(tag.to_bytes(4, "big"))
            for piece in (value,) if isinstance(value, bytes) else value.pieces():
                content.update(piece)
    return PREFIX + content.hexdigest()
