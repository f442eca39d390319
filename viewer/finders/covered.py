"""Whether regions that somebody drew already blank what is proposed."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.finders.image_text import Layer
from viewer.finders.proposals import TextProposal
from viewer.pixels.areas import areas
from viewer.pixels.regions import Region

_COVERED: Final = 0.95


def is_covered(
    proposal: TextProposal, regions: Sequence[Region], rows: int, columns: int, frame_count: int
) -> bool:
    """Return whether regions of an image of that size blank nearly all of a proposal, wherever it stands."""
    if proposal.layer is Layer.ICON or not regions:
        return False
    frames = proposal.frames if proposal.frames is not None else frozenset(range(frame_count))
    box = proposal.box
    spans = {tuple(r for r in regions if _holds_frame(r, frame)) for frame in frames}
    for here in spans:
        mask = _blanked(here, rows, columns)
        part = mask[box.y : box.y + box.height, box.x : box.x + box.width]
        if not part.size or part.mean() < _COVERED:
            return False
    return True


def _holds_frame(region: Region, frame: int) -> bool:
    span = region.scope.frames
    return span is None or span[0] <= frame <= span[1]


@lru_cache(maxsize=8)
def _blanked(regions: tuple[Region, ...], rows: int, columns: int) -> NDArray[np.bool_]:
    """Return which pixels of a frame regions blank; those for another size are left out."""
    mask = np.zeros((rows, columns), np.bool_)
    blanks = [r.blank((0,)) for r in regions if (r.scope.rows, r.scope.columns) == (rows, columns)]
    for down, across, _ in areas(blanks, rows, columns):
        mask[down, across] = True
    return mask
