"""Connected parts of a yes/no map, by the runs of its rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """The parts of a map that hang together, corners included (8-neighbourhood).

    `boxes`: (parts, 4) as x0, y0, x1, y1, the ends not included. A run is a stretch of one row: `rows`,
    `starts`, `stops` (not included) and `owners`, the number of the part that it belongs to.
    """

    boxes: NDArray[np.intp]
    rows: NDArray[np.intp]
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]
    owners: NDArray[np.intp]

    def sizes(self) -> NDArray[np.intp]:
        """Return the number of set places of each part."""
        weights = self.stops - self.starts
        return np.bincount(self.owners, weights, minlength=len(self.boxes)).astype(np.intp)

    def means(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the mean of `values`, of the map's shape, over each part."""
        lengths = self.stops - self.starts
        firsts = np.cumsum(lengths) - lengths
        places = np.arange(int(lengths.sum())) - np.repeat(firsts, lengths)
        inside = values[np.repeat(self.rows, lengths), np.repeat(self.starts, lengths) + places]
        runs = np.add.reduceat(inside, firsts, dtype=np.float64) if len(lengths) else np.zeros(0)
        totals = np.bincount(self.owners, runs, minlength=len(self.boxes))
        means: NDArray[np.float64] = totals / np.maximum(1, self.sizes())
        return means


def components(places: NDArray[np.bool_]) -> Components:
    """Return the connected parts of a map of shape (rows, columns)."""
    padded = np.pad(places, ((0, 0), (1, 1))).ravel()
    edges = np.flatnonzero(padded[1:] != padded[:-1])  # each run starts and stops within its row
    rows, starts = np.divmod(edges[0::2], places.shape[1] + 2)
    stops = edges[1::2] - rows * (places.shape[1] + 2)
    roots = _roots(rows.tolist(), starts.tolist(), stops.tolist())
    kept, owners = np.unique(roots, return_inverse=True)
    boxes = np.zeros((len(kept), 4), np.intp)
    boxes[:, :2] = np.iinfo(np.intp).max
    np.minimum.at(boxes[:, 0], owners, starts)
    np.minimum.at(boxes[:, 1], owners, rows)
    np.maximum.at(boxes[:, 2], owners, stops)
    np.maximum.at(boxes[:, 3], owners, rows + 1)
    return Components(boxes, rows, starts, stops, owners.astype(np.intp))


def _roots(rows: list[int], starts: list[int], stops: list[int]) -> NDArray[np.intp]:
    """Return for every run the first run of its part: runs of neighbouring rows that touch are joined."""
    parent = list(range(len(rows)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    above = 0
    for run, (row, start, stop) in enumerate(zip(rows, starts, stops, strict=True)):
        while rows[above] < row - 1 or (rows[above] == row - 1 and stops[above] < start):
            above += 1
        touching = above
        while rows[touching] == row - 1 and starts[touching] <= stop:
            a, b = root(run), root(touching)
            parent[max(a, b)] = min(a, b)
            touching += 1
    return np.array([root(run) for run in range(len(rows))], np.intp)
