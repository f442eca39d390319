"""Text-like marks that the network did not take for text: shown on demand, for a person to look at."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from viewer.finders.components import components
from viewer.finders.sharpness import Grey, sharp_cells, sharp_map
from viewer.finders.text_box import TextBox

_STRENGTH: Final = 1.6
"""How far over the limit its sharpest cell has to be."""
_LARGEST, _TALLEST = 320, 110
_MARGIN: Final = 4


def text_like_marks(grey: Grey, boxes: Iterable[TextBox]) -> list[TextBox]:
    """Return what is sharp, compact and of the size of letters on a frame, and in none of the boxes."""
    found = sharp_map(grey)
    rows, columns = grey.shape
    claimed = np.zeros(found.strength.shape, np.bool_)
    for box in boxes:
        claimed[
            box.y0 // found.cell : box.y1 // found.cell + 1, box.x0 // found.cell : box.x1 // found.cell + 1
        ] = True
    parts = components(sharp_cells(found))
    marks = []
    for (x0, y0, x1, y1), size in zip(parts.boxes.tolist(), parts.sizes().tolist(), strict=True):
        wide, high = (x1 - x0) * found.cell, (y1 - y0) * found.cell
        inside = found.strength[y0:y1, x0:x1]
        if size < 2 or max(wide, high) > _LARGEST or min(wide, high) > _TALLEST:
            continue
        if inside.max() > _STRENGTH and not claimed[y0:y1, x0:x1].any():
            mark = TextBox(x0 * found.cell, y0 * found.cell, x1 * found.cell, y1 * found.cell)
            around = TextBox(mark.x0 - _MARGIN, mark.y0 - _MARGIN, mark.x1 + _MARGIN, mark.y1 + _MARGIN)
            clipped = around.clipped(rows, columns)
            marks += [clipped] if clipped is not None else []
    return marks
