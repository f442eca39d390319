"""How much of the drawn text boxes cover, and how much else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.burned.cases import Case, Drawn

Rect = tuple[int, int, int, int]
"""x0, y0, x1, y1, ends not included."""
FAINT = 0.1


@dataclass(frozen=True)
class Row:
    case: Case
    string: Drawn
    covered: float

    @property
    def full(self) -> bool:
        return self.covered >= 0.95


@dataclass(frozen=True)
class Result:
    case: Case
    rows: tuple[Row, ...]
    false_area: float
    boxes: tuple[Rect, ...]


def result(case: Case, boxes: Sequence[Rect]) -> Result:
    """Full is 95 % of a string's ink; false is what lies farther from any string than it grows."""
    shape = case.pixels.shape[:2]
    covered, allowed = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for x0, y0, x1, y1 in boxes:
        covered[max(0, y0) : y1, max(0, x0) : x1] = True
    rows = []
    for string in case.strings:
        high, wide = string.ink.shape
        here = covered[string.y : string.y + high, string.x : string.x + wide]
        rows.append(Row(case, string, float(here[string.ink].mean())))
        by = max(10, int(0.6 * string.size))
        allowed[
            max(0, string.y - by) : string.y + high + by, max(0, string.x - by) : string.x + wide + by
        ] = True
    return Result(case, tuple(rows), float((covered & ~allowed).mean()), tuple(boxes))


def share(rows: Sequence[Row], wanted: Callable[[Row], bool]) -> str:
    chosen = [row for row in rows if wanted(row)]
    if not chosen:
        return "    –"
    full = sum(row.full for row in chosen) / len(chosen)
    half = sum(row.covered >= 0.5 for row in chosen) / len(chosen)
    return f"{full:6.1%} full {half:6.1%} half of {len(chosen)}"


def table(results: Sequence[Result]) -> list[str]:
    """The figures by kind of picture, then by contrast, size, script."""
    lines = []
    rows = [row for one in results for row in one.rows]
    for kind in dict.fromkeys(one.case.kind for one in results):
        mine = [row for row in rows if row.case.kind == kind]
        written = [r.false_area for r in results if r.case.kind == kind and r.case.strings]
        clean = [r.false_area for r in results if r.case.kind == kind and not r.case.strings]
        lines.append(
            f"{kind:11} >= 15 %: {share(mine, lambda r: r.string.contrast > FAINT)};  "
            f"faint: {share(mine, lambda r: r.string.contrast <= FAINT)};  "
            f"false area {np.mean(written):.2%}, clean {np.mean(clean) if clean else 0:.2%}"
        )
    loud = [row for row in rows if row.string.contrast > FAINT]
    for name, key in (
        ("contrast", "contrast"),
        ("script", "script"),
        ("turned", "turned"),
        ("identity", "phi"),
    ):
        values = sorted({getattr(row.string, key) for row in loud})
        for value in values:
            lines.append(
                f"   {name} {value!s:6} {share(loud, lambda r, v=value, k=key: getattr(r.string, k) == v)}"
            )
    for low, high in ((8, 9), (10, 12), (13, 16), (17, 24), (25, 40), (41, 60)):
        lines.append(f"   {low}-{high} px {share(loud, lambda r, a=low, b=high: a <= r.string.size <= b)}")
    return lines
