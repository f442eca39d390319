"""Shapes in the real window: a fan on an ultrasound frame, a polygon on a film, before beside after."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.factories import dx, put_raw, to_bytes, us_loop, write
from tests.looks.test_looks import opened, settled, window  # noqa: F401
from viewer.app.tools import Tool
from viewer.pixels.regions import Ellipse, Fan, Polygon

ROWS, COLUMNS = 480, 640
NONE = Qt.KeyboardModifier.NoModifier


def sector() -> np.ndarray:
    """Speckle in a fan, with a name, a date and a scale round it."""
    random = np.random.default_rng(4)
    y, x = np.indices((ROWS, COLUMNS))
    far = np.hypot(x - 320, y + 60)
    angle = np.arctan2(x - 320, y + 60)
    inside = (far > 110) & (far < 480) & (np.abs(angle) < 0.62)
    picture = np.where(inside, random.gamma(2, 22, (ROWS, COLUMNS)) * (1.2 - far / 600), 0)
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(16)
    draw.text((8, 6), "QUENBERT OSWALDINE  1961-03-04", fill=230, font=font)
    draw.text((8, 450), "MI 0.9  TIS 0.4", fill=200, font=font)
    for step in range(60, 460, 40):
        draw.line((628, step, 636, step), fill=200)
    return np.asarray(image)


@pytest.fixture
def loop(tmp_path):
    made = us_loop()
    made.Manufacturer, made.ManufacturerModelName = "SIEMENS", "S2000"
    frames = 3
    made.Rows, made.Columns, made.NumberOfFrames = ROWS, COLUMNS, frames
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    if "PlanarConfiguration" in made:
        del made.PlanarConfiguration
    put_raw(made, 0x7FE00010, "OB", sector().tobytes() * frames)
    return write(tmp_path / "in" / "us.dcm", to_bytes(made))


@pytest.fixture
def film(tmp_path):
    made = dx()
    made.Rows, made.Columns = 500, 420
    y, x = np.indices((500, 420))
    lungs = sum(
        np.exp(-(((x - cx) / 60) ** 2 + ((y - 230) / 130) ** 2)) for cx in (130, 290)
    )
    values = np.clip(3000 - 1900 * lungs + 120 * np.sin(y / 14), 0, 4095)
    image = Image.fromarray(values.astype(np.int32), "I")
    ImageDraw.Draw(image).text((250, 20), "L  OSWALDINE", fill=60, font=ImageFont.load_default(20))
    put_raw(made, 0x7FE00010, "OW", np.asarray(image).astype("<u2").tobytes())
    return write(tmp_path / "in" / "dx.dcm", to_bytes(made))


def click(view, x: float, y: float) -> None:
    left, top = view.place.screen_point(x, y)
    ratio = view.devicePixelRatioF()
    spot = QPoint(round(left / ratio), round(top / ratio))
    QTest.mouseMove(view, spot)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, NONE, spot)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, NONE, spot)


def test_a_fan_on_ultrasound(qtbot, window, grab, loop) -> None:  # noqa: F811
    opened(qtbot, window, loop)
    window.images.set_tool(Tool.FAN)
    view = window.images.before
    for x, y in ((256, 30), (384, 30), (599, 330)):
        click(view, x, y)
    left, top = view.place.screen_point(41, 330)
    QTest.mouseMove(view, QPoint(round(left), round(top)))
    grab(window, "70-fan-drawing")
    click(view, 41, 330)
    (region,) = window.workspace.recipe.regions
    assert isinstance(region.shape, Fan)
    assert region.keep
    settled(qtbot, window)
    grab(window, "71-fan-before")
    window.images.set_view(2)
    settled(qtbot, window)
    grab(window, "72-fan-side-by-side")
    assert "will be filled" in window.images.changes.text()
    after = window.images.after
    shown = after.grab().toImage()
    for x, y, dark in ((20, 14, True), (320, 200, False), (632, 100, True)):
        at = QPoint(*(round(v) for v in after.place.screen_point(x, y)))
        assert (shown.pixelColor(at).lightness() < 12) == dark


def test_a_polygon_on_a_film(qtbot, window, grab, film) -> None:  # noqa: F811
    opened(qtbot, window, film)
    window.images.set_tool(Tool.POLYGON)
    view = window.images.before
    for x, y in ((240, 12), (405, 12), (405, 50), (300, 60)):
        click(view, x, y)
    click(view, 20, 480)
    QTest.keyClick(view, Qt.Key.Key_Backspace)
    QTest.keyClick(view, Qt.Key.Key_Return)
    (region,) = window.workspace.recipe.regions
    assert isinstance(region.shape, Polygon)
    assert len(region.shape.points) == 4
    window.images.manner.fill.setCurrentIndex(1)
    window.images.set_tool(Tool.ELLIPSE)
    QTest.keyClick(view, Qt.Key.Key_Insert)
    assert isinstance(window.workspace.recipe.regions[1].shape, Ellipse)
    assert window.workspace.recipe.regions[1].fill == "mean"
    window.images.set_view(2)
    settled(qtbot, window)
    grab(window, "73-polygon-side-by-side")


def test_what_encloses_nothing_is_said(qtbot, window, loop) -> None:  # noqa: F811
    opened(qtbot, window, loop)
    window.images.set_tool(Tool.POLYGON)
    view = window.images.before
    click(view, 30, 30)
    click(view, 90, 30)
    with qtbot.waitSignal(window.workspace.noticed) as told:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert "encloses nothing" in told.args[0]
    click(view, 30, 30)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert window.workspace.recipe.regions == ()


def test_after_an_export_the_proof_is_shown(qtbot, window, grab, loop, tmp_path) -> None:  # noqa: F811
    opened(qtbot, window, loop)
    window.images.manner.scope.setCurrentIndex(1)
    assert window.images.manner.first.isVisibleTo(window)
    window.images.manner.last.setValue(2)
    window.images.set_tool(Tool.BOX)
    QTest.keyClick(window.images.before, Qt.Key.Key_Insert)
    done = []
    window.workspace.export(tmp_path / "out", lambda *_: None, done.append, lambda _: None)
    qtbot.waitUntil(lambda: bool(done), timeout=20_000)
    qtbot.waitUntil(lambda: "Written and checked" in window.images.changes.text())
    assert "2 of 3 frames" in window.images.changes.text()
    settled(qtbot, window)
    grab(window, "74-proof")
