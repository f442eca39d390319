"""An overlay in the real window: shown before, gone after, unless it may stay."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.factories import dx, put_raw, to_bytes, write
from tests.looks.test_looks import opened, settled, window  # noqa: F401
from viewer.pixels.regions import Box, ScopeKind
from viewer.rules.recipe import Option

ROWS, COLUMNS = 300, 400


@pytest.fixture
def film_with_overlay(tmp_path):
    made = dx()
    made.Rows, made.Columns = ROWS, COLUMNS
    ramp = np.linspace(200, 3000, ROWS * COLUMNS).astype("<u2")
    put_raw(made, 0x7FE00010, "OW", ramp.tobytes())
    picture = Image.new("1", (COLUMNS, ROWS))
    draw = ImageDraw.Draw(picture)
    draw.text((12, 12), "QUENBERT OSWALDINE", fill=1, font=ImageFont.load_default(18))
    draw.ellipse((220, 140, 320, 240), outline=1, width=2)
    bits = np.packbits(np.asarray(picture), axis=None, bitorder="little").tobytes()
    for tag, vr, value in (
        (0x60000010, "US", ROWS.to_bytes(2, "little")),
        (0x60000011, "US", COLUMNS.to_bytes(2, "little")),
        (0x60000040, "CS", b"G "),
        (0x60000050, "SS", b"\1\0\1\0"),
        (0x60000100, "US", b"\1\0"),
        (0x60000102, "US", b"\0\0"),
        (0x60003000, "OW", bits),
    ):
        put_raw(made, tag, vr, value)
    return write(tmp_path / "in" / "a.dcm", to_bytes(made))


def test_an_overlay_is_shown_and_goes(qtbot, window, grab, film_with_overlay) -> None:  # noqa: F811
    opened(qtbot, window, film_with_overlay)
    window.images.set_view(2)
    settled(qtbot, window)
    grab(window, "60-overlay-goes")
    decisions = {d.path: d.action.value for d in window.workspace.inspected().plan.decisions}
    assert decisions[(0x60003000,)] == "remove"


def test_an_overlay_that_was_seen_stays_without_what_is_boxed(qtbot, window, grab, film_with_overlay) -> None:  # noqa: F811
    opened(qtbot, window, film_with_overlay)
    window.workspace.set_option(Option.CLEAN_GRAPHICS, True)
    window.workspace.add_region(Box(5, 5, 260, 34), ScopeKind.IMAGE)
    window.workspace.mark_reviewed(list(window.workspace.catalog.instances))
    window.images.set_view(2)
    settled(qtbot, window)
    grab(window, "61-overlay-stays")
    decisions = {d.path: d.action.value for d in window.workspace.inspected().plan.decisions}
    assert decisions[(0x60003000,)] == "clean"
