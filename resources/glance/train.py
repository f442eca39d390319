"""Teach the glance: `python resources/glance/train.py FOLDER` writes resources/text/glance.onnx.

FOLDER: DICOM files to learn grounds from. Needs PyTorch and SciPy, which the program does not, many fonts
and about an hour. Nobody has to run it: what it made is in version control.
"""

import hashlib
import json
import sys
from multiprocessing import Pool
from pathlib import Path

import net
import numpy as np
import patches
import torch
from numpy.typing import NDArray
from torch import Tensor

OUT = Path(__file__).resolve().parent.parent / "text" / "glance.onnx"
BATCH, PATCHES, KEPT_APART, ROUNDS = 32, 26_000, 1_600, 14
MISSED = 6.0
"""How much worse it is to miss a cell with letters than to look at one without."""
THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2)

_makes: patches.Patches


def _make(number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return _makes.make(number)


def made(folder: Path) -> tuple[Tensor, Tensor]:
    """Return patches and their cells."""
    global _makes
    _makes = patches.load(folder)
    with Pool() as pool:
        both = pool.map(_make, range(PATCHES), chunksize=64)
    pixels, cells = (np.array(some) for some in zip(*both, strict=True))
    return torch.from_numpy(pixels), torch.from_numpy(cells)


def turned(pixels: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Return a batch mirrored, turned and inverted at random, all of it alike."""
    quarter, mirrored = int(torch.randint(4, ())), bool(torch.randint(2, ()))
    pixels, cells = (torch.rot90(some, quarter, (1, 2)) for some in (pixels, cells))
    if mirrored:
        pixels, cells = pixels.flip(2), cells.flip(2)
    return (255 - pixels if torch.rand(()) < 0.2 else pixels), cells


def loss(glance: net.Glance, pixels: Tensor, cells: Tensor) -> Tensor:
    """Return how wrong the answers are, where it is known what is right."""
    answer = glance(pixels[:, None].float() / 127.5 - 1)[:, 0]
    text = (cells == patches.TEXT).float()
    each = torch.nn.functional.binary_cross_entropy_with_logits(
        answer, text, pos_weight=torch.tensor(MISSED), reduction="none"
    )
    known = (cells != patches.EITHER).float()
    return (each * known).sum() / known.sum()


def learn(pixels: Tensor, cells: Tensor) -> net.Glance:
    """Return what learned from patches, ROUNDS times from each but the last ones, which tell how well."""
    check = pixels[-KEPT_APART:], cells[-KEPT_APART:]
    pixels, cells = pixels[:-KEPT_APART], cells[:-KEPT_APART]
    glance = net.Glance().to(memory_format=torch.channels_last)
    count = len(pixels) // BATCH
    optimizer = torch.optim.AdamW(glance.parameters(), lr=4e-3, weight_decay=1e-4)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=ROUNDS * count)
    for turn in range(ROUNDS):
        glance.train()
        total = 0.0
        for some in torch.randperm(len(pixels))[: count * BATCH].view(-1, BATCH):
            with torch.autocast("cpu", torch.bfloat16):
                wrong = loss(glance, *turned(pixels[some], cells[some]))
            optimizer.zero_grad()
            wrong.backward()
            optimizer.step()
            pace.step()
            total += wrong.item()
        print(f"round {turn}: {total / count:.4f}", told(glance.eval(), *check), flush=True)
    return glance


@torch.no_grad()
def told(glance: net.Glance, pixels: Tensor, cells: Tensor) -> str:
    """Return how many cells with letters are missed, and how many without are kept, at some thresholds."""
    answer = torch.cat(
        [torch.sigmoid(glance(some[:, None].float() / 127.5 - 1)[:, 0]) for some in pixels.split(64)]
    )
    text, none = answer[cells == patches.TEXT], answer[cells == patches.NONE]
    shares = [(limit, (text <= limit).float().mean(), (none > limit).float().mean()) for limit in THRESHOLDS]
    return "  ".join(f"{limit}: {missed:.3%} {kept:.2%}" for limit, missed, kept in shares)


def main() -> None:
    """Make patches, learn, write the network."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.manual_seed(1)
    content = net.as_onnx(learn(*made(Path(sys.argv[1]))))
    OUT.write_bytes(content)
    manifest = OUT.with_name("manifest.json")
    listed = json.loads(manifest.read_text("utf-8"))
    listed["files"][OUT.name] = {"sha256": hashlib.sha256(content).hexdigest()}
    manifest.write_text(json.dumps(listed, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
