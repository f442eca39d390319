"""What a press, a drag and a release mean: gestures over the image as plain values, without a window."""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from viewer.app.tools import (
    CLICK,
    INSIDE,
    Button,
    Changed,
    Drawn,
    Effect,
    Outlined,
    Part,
    Placed,
    Pointed,
    Scene,
    Selected,
    Tool,
    Windowed,
    box_at,
    dragged_window,
    drawn_box,
    moved_box,
    panned,
    part_at,
    resized_box,
    zoomed,
)
from viewer.pixels.render import Window

_ZOOM_PER_PIXEL: Final = 1.008


class Gesture(Protocol):
    """From press to release; asked with screen positions, it answers what the view is to do."""

    def during(self, x: float, y: float) -> Effect:
        """Return what to show while the button is down."""

    def after(self, x: float, y: float) -> Effect:
        """Return what the release means."""

    def undone(self) -> Effect:
        """Return what takes everything back (Escape)."""


@dataclass(frozen=True, slots=True)
class Panning:
    """Moves the image with the pointer."""

    scene: Scene
    x: float
    y: float

    def during(self, x: float, y: float) -> Effect:
        return Placed(panned(self.scene.place, x - self.x, y - self.y))

    def after(self, x: float, y: float) -> Effect:
        return self.during(x, y)

    def undone(self) -> Effect:
        return Placed(self.scene.place)


@dataclass(frozen=True, slots=True)
class Zooming(Panning):
    """Up enlarges, down shrinks, about the point of the press."""

    def during(self, x: float, y: float) -> Effect:
        return Placed(zoomed(self.scene.place, _ZOOM_PER_PIXEL ** (self.y - y), self.x, self.y))


@dataclass(frozen=True, slots=True)
class Windowing:
    """Changes width with left and right, center with up and down."""

    window: Window
    x: float
    y: float

    def during(self, x: float, y: float) -> Effect:
        return Windowed(dragged_window(self.window, x - self.x, y - self.y))

    def after(self, x: float, y: float) -> Effect:
        return self.during(x, y)

    def undone(self) -> Effect:
        return Windowed(self.window)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Draws a new box; a click selects what is under it instead."""

    scene: Scene
    x: float
    y: float
    draws: bool = True

    def during(self, x: float, y: float) -> Effect:
        if not self.draws or _is_click(self.x, self.y, x, y):
            return Outlined(-1, None)
        start, end = self.scene.place.image_point(self.x, self.y), self.scene.place.image_point(x, y)
        return Outlined(-1, drawn_box(start, end, self.scene.image))

    def after(self, x: float, y: float) -> Effect:
        shown = self.during(x, y)
        if isinstance(shown, Outlined) and shown.box is not None:
            return Drawn(shown.box)
        return Selected(box_at(self.scene.boxes, *self.scene.place.image_point(self.x, self.y)))

    def undone(self) -> Effect:
        return Outlined(-1, None)


@dataclass(frozen=True, slots=True)
class Pointing:
    """Sets a corner where the button is let go."""

    scene: Scene

    def during(self, x: float, y: float) -> Effect:
        return Outlined(-1, None)

    def after(self, x: float, y: float) -> Effect:
        at_x, at_y = self.scene.place.image_point(x, y)
        image = self.scene.image
        return Pointed(min(max(at_x, 0), image.columns), min(max(at_y, 0), image.rows))

    def undone(self) -> Effect:
        return Outlined(-1, None)


@dataclass(frozen=True, slots=True)
class Shaping:
    """Moves a box (inside) or resizes it (handle); a click selects the smallest box under it."""

    scene: Scene
    index: int
    part: Part
    x: float
    y: float

    def during(self, x: float, y: float) -> Effect:
        box = self.scene.box(self.index)
        if _is_click(self.x, self.y, x, y):
            return Outlined(self.index, box)
        dx, dy = (round(d / self.scene.place.scale) for d in (x - self.x, y - self.y))
        if self.part == INSIDE:
            return Outlined(self.index, moved_box(box, dx, dy, self.scene.image))
        return Outlined(self.index, resized_box(box, self.part, dx, dy, self.scene.image))

    def after(self, x: float, y: float) -> Effect:
        shown = self.during(x, y)
        if _is_click(self.x, self.y, x, y) and self.part == INSIDE:
            return Selected(box_at(self.scene.boxes, *self.scene.place.image_point(x, y)))
        if isinstance(shown, Outlined) and shown.box is not None and shown.box != self.scene.box(self.index):
            return Changed(self.index, shown.box)
        return Selected(self.index)

    def undone(self) -> Effect:
        return Outlined(-1, None)


def begin(scene: Scene, tool: Tool, button: Button, x: float, y: float) -> Gesture | None:
    """Return the gesture that a press starts, None when it means nothing."""
    if button is Button.MIDDLE or (button is Button.LEFT and tool is Tool.PAN):
        return Panning(scene, x, y)
    if button is Button.RIGHT or tool is Tool.WINDOW:
        return None if scene.window is None else Windowing(scene.window, x, y)
    if tool is Tool.ZOOM:
        return Zooming(scene, x, y)
    if tool in (Tool.POLYGON, Tool.FAN):
        return Pointing(scene)
    return _grasped(scene, tool, x, y) or Drawing(scene, x, y, draws=tool in (Tool.BOX, Tool.ELLIPSE))


def _grasped(scene: Scene, tool: Tool, x: float, y: float) -> Gesture | None:
    """Return the change of the selected box under the pointer; SELECT also grasps boxes not yet selected."""
    if scene.selected >= 0:
        part = part_at(scene.box(scene.selected), scene.place, x, y, scene.reach)
        if part is not None:
            return Shaping(scene, scene.selected, part, x, y)
    under = box_at(scene.boxes, *scene.place.image_point(x, y)) if tool is Tool.SELECT else -1
    return None if under < 0 else Shaping(replace(scene, selected=under), under, INSIDE, x, y)


def _is_click(x0: float, y0: float, x: float, y: float) -> bool:
    return max(abs(x - x0), abs(y - y0)) < CLICK
