"""Draw the program's icon into resources/icons/: PNG in all common sizes and one .ico for Windows.

A film with a rib cage, and the bar that blanks the name in its corner.
"""

from pathlib import Path

from PIL import Image, ImageDraw

OUT = Path(__file__).resolve().parent / "icons"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
FILM, EDGE, BONE, BAR = (24, 34, 48), (64, 96, 128), (188, 206, 222), (255, 178, 40)


def drawn(size: int) -> Image.Image:
    """Return the icon, RGBA, drawn four times larger and then reduced."""
    full = 4 * size
    picture = Image.new("RGBA", (full, full))
    draw = ImageDraw.Draw(picture)

    def box(*edges: float) -> tuple[int, int, int, int]:
        left, top, right, bottom = (round(edge * full / 64) for edge in edges)
        return left, top, right, bottom

    draw.rounded_rectangle(box(5, 2, 59, 62), full // 9, fill=FILM, outline=EDGE, width=full // 24)
    draw.rounded_rectangle(box(29.5, 20, 34.5, 56), full // 26, fill=BONE)
    ribs = (25, 35, 45) if size > 24 else (27, 42)
    thick = round(full * (3.6 if size > 24 else 5) / 64)
    for top in ribs:
        draw.arc(box(13, top, 33, top + 17), 180, 285, fill=BONE, width=thick)
        draw.arc(box(31, top, 51, top + 17), 255, 360, fill=BONE, width=thick)
    draw.rounded_rectangle(box(11, 8, 40, 17), full // 40, fill=BAR)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def tick(colour: tuple[int, int, int]) -> Image.Image:
    """Return the tick of a checked box, 28 pixels square, RGBA."""
    picture = Image.new("RGBA", (112, 112))
    ImageDraw.Draw(picture).line([(24, 58), (48, 82), (90, 32)], fill=colour, width=15, joint="curve")
    return picture.resize((28, 28), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the files."""
    OUT.mkdir(parents=True, exist_ok=True)
    pictures = {size: drawn(size) for size in SIZES}
    for size, picture in pictures.items():
        picture.save(OUT / f"deid-viewer-{size}.png", optimize=True)
    small = [pictures[size] for size in SIZES if size <= 256]
    small[-1].save(OUT / "deid-viewer.ico", sizes=[p.size for p in small], append_images=small[:-1])
    tick((255, 255, 255)).save(OUT / "check-light.png", optimize=True)
    tick((11, 26, 40)).save(OUT / "check-dark.png", optimize=True)
    print(f"{len(pictures) + 3} files in {OUT.name}/")


if __name__ == "__main__":
    main()
