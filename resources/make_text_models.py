"""Fill resources/text/ with what finds and reads burned-in text: networks out of a pinned wheel.

    python resources/make_text_models.py WHEEL     take the networks and their licence out of a rapidocr wheel
    python resources/make_text_models.py --decoy   draw decoy.png anew (needs a font with Chinese letters)

The networks are PP-OCRv6 small (Apache-2.0); nothing else of the wheel is used. They are rewritten to
compute less (lean_networks.py), and both forms are run and compared. The manifest has the SHA-256 of both;
the program checks its own again when it loads a network. These networks are not in version control:
`make` fetches the wheel once, checked against requirements-text.txt; the wheel of this program and the frozen
program hold them. glance.onnx is our own (resources/glance) and stays as it is.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
from lean_networks import lean_detector, lean_recogniser
from PIL import Image, ImageDraw, ImageFont

OUT = Path(__file__).resolve().parent / "text"
LICENCES = {"licenses/LICENSE": "LICENSE.txt", "licenses/MODEL_LICENSES.md": "NOTICE.md"}
DECOY, WIDTH, HEIGHT = "ID 00123 2019-01-01 ABC 姓名 MRN", 320, 32


CHANGED = b"""
## Changes

The networks beside this file were changed by the deid-viewer project: they take one grey channel and compute
less, for the same answers (resources/lean_networks.py of its source).
"""
LEAN = {"PP-OCRv6_det_small.onnx": lean_detector, "PP-OCRv6_rec_small.onnx": lean_recogniser}
ALIKE = 1e-4
"""How much an answer, 0 to 1, may change by a rewrite."""


def take_out(wheel: Path) -> None:
    """Write the networks and licences of a wheel; ends the program when a network is not the expected one."""
    listed: dict[str, dict[str, str]] = json.loads((OUT / "manifest.json").read_text("utf-8"))["files"]
    with zipfile.ZipFile(wheel) as packed:
        for name, lean in LEAN.items():
            entry = listed[name]
            content = packed.read(f"rapidocr/models/{name}")
            if hashlib.sha256(content).hexdigest() != entry["from"]:
                sys.exit(f"{name} is not the network that was expected; nothing more is written.")
            made = lean(content)
            if hashlib.sha256(made).hexdigest() != entry["sha256"]:
                sys.exit(f"{name} was not rewritten as expected ({hashlib.sha256(made).hexdigest()}).")
            if not alike(content, made):
                sys.exit(f"{name} gives other answers when it is rewritten; nothing more is written.")
            (OUT / name).write_bytes(made)
        for inside in packed.namelist():
            for ending, name in LICENCES.items():
                if inside.endswith(ending):
                    (OUT / name).write_bytes(packed.read(inside) + (CHANGED if name == "NOTICE.md" else b""))


def alike(content: bytes, made: bytes) -> bool:
    """Return whether both forms of a network give the same answer to a line of text on noise."""
    picture = np.random.default_rng(7).normal(-0.5, 0.2, (1, 1, 96, 320)).astype(np.float32)
    with Image.open(OUT / "decoy.png") as decoy:
        picture[0, 0, 32:64] += np.asarray(decoy.convert("L"), np.float32) / 128
    answers = []
    for network, channels in ((content, 3), (made, 1)):
        session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
        rows = session.get_inputs()[0].shape[2]
        seen = picture[:, :, 24 : 24 + rows] if isinstance(rows, int) else picture
        answers.append(session.run(None, {"x": seen.repeat(channels, axis=1)})[0])
    return bool(np.abs(answers[0] - answers[1]).max() < ALIKE and answers[0].max() > 2000 * ALIKE)


def draw_decoy() -> None:
    """Draw the line of known text that stands under every picture that the network gets."""
    picture = Image.new("L", (WIDTH, HEIGHT))
    font = ImageFont.truetype("wqy-microhei.ttc", 16)
    left, top, right, bottom = font.getbbox(DECOY)
    if right - left > WIDTH - 16:
        sys.exit("The decoy does not fit.")
    ImageDraw.Draw(picture).text((8 - left, (HEIGHT - bottom + top) / 2 - top), DECOY, fill=255, font=font)
    picture.save(OUT / "decoy.png", optimize=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--decoy"]:
        draw_decoy()
    elif len(sys.argv) == 2:
        take_out(Path(sys.argv[1]))
    else:
        sys.exit(__doc__)
