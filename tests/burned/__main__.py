"""`python -m tests.burned FOLDER --seed N [--kinds films] [--out FOLDER]`: the detector on known text."""

import argparse
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.burned.cases import MAKERS, Case, cases
from tests.burned.score import FAINT, Result, result, table
from viewer.finders.grey import brightness
from viewer.finders.identity import Kind, identity_of
from viewer.finders.image_text import ImageText, Layer, TextLine
from viewer.finders.many_frames import Care, Eyes
from viewer.finders.proposals import TextProposal, proposals


def looked_at(case: Case, eyes: Eyes) -> tuple[tuple[TextProposal, ...], float]:
    """What is proposed for an image, and the seconds of finding and reading."""
    grey = brightness(case.pixels) if case.pixels.ndim == 3 else case.pixels
    began = time.perf_counter()
    lines, _ = eyes.lines(grey)
    taken = time.perf_counter() - began
    text = ImageText(tuple(TextLine(line, Layer.PIXELS) for line in lines), (Care.FULL,))
    return proposals(text, identity_of([case.header]), *case.pixels.shape[:2]), taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(MAKERS))
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    eyes = Eyes.open()
    results: list[Result] = []
    seconds: dict[str, list[float]] = {}
    classes: Counter[tuple[bool, Kind]] = Counter()
    for case in cases(chosen.corpus, chosen.seed, tuple(chosen.kinds.split(","))):
        found, taken = looked_at(case, eyes)
        seconds.setdefault(case.kind, []).append(taken)
        boxes = [(p.box.x, p.box.y, p.box.x + p.box.width, p.box.y + p.box.height) for p in found]
        results.append(result(case, boxes))
        _count(case, found, classes)
        if chosen.out:
            _draw(results[-1], found, chosen.out)
    for line in table(results):
        print(line)
    for kind, times in seconds.items():
        print(f"   {kind}: median {statistics.median(times):.3f} s, worst {max(times):.3f} s")
    print("   lines that identify:", {k.name: n for (phi, k), n in classes.items() if phi})
    print("   other lines:        ", {k.name: n for (phi, k), n in classes.items() if not phi})
    for one in results:
        for row in one.rows:
            if not row.full and row.string.contrast > FAINT:
                s = row.string
                how = f"{s.size} px {s.contrast}{' turned' if s.turned else ''}"
                print(f"   missed {one.case.name} {row.covered:.0%} {s.text!r} {how}")
        if one.false_area > 0.001:
            print(f"   false area {one.case.name} {one.false_area:.2%}")


def _count(case: Case, found: tuple[TextProposal, ...], classes: "Counter[tuple[bool, Kind]]") -> None:
    """Count how the lines that were found are classed; a line is the string whose middle its box holds."""
    for string in case.strings:
        y, x = string.y + string.ink.shape[0] / 2, string.x + string.ink.shape[1] / 2
        for one in found:
            box = one.box
            if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height:
                classes[string.phi, one.verdict.kind] += 1
                if string.phi and one.verdict.kind is Kind.HARMLESS:
                    print("   IDENTITY CALLED HARMLESS:", string.text, "read as", one.words)
                break


def _draw(one: Result, found: tuple[TextProposal, ...], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = one.case.pixels
    if pixels.dtype != np.uint8:
        pixels = (pixels >> 4 if int(pixels.max()) < 4096 else pixels >> 8).astype(np.uint8)
    shown = Image.fromarray(pixels).convert("RGB")
    draw = ImageDraw.Draw(shown)
    for p in found:
        draw.rectangle(
            (p.box.x, p.box.y, p.box.x + p.box.width, p.box.y + p.box.height), outline=(0, 255, 0), width=2
        )
    for row in one.rows:
        if not row.full:
            high, wide = row.string.ink.shape
            edge = (row.string.x - 4, row.string.y - 4, row.string.x + wide + 4, row.string.y + high + 4)
            draw.rectangle(edge, outline=(255, 0, 0), width=3)
    shown.thumbnail((1500, 1500))
    shown.save(folder / f"{one.case.name}.png")


if __name__ == "__main__":
    sys.exit(main())
