"""The keys of the image view."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt

if TYPE_CHECKING:
    from viewer.ui.image_input import ImageInput

PEEK_KEY: Final = Qt.Key.Key_Space
ZOOM_STEP: Final = 1.2
FAR: Final = 10
"""Frames that a page key goes."""
ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def key_table(view: "ImageInput") -> dict[Qt.Key, Callable[[], None]]:
    """Return what each key does; arrows, which look at Shift and Control, are not among them."""
    key = Qt.Key
    return {
        PEEK_KEY: lambda: view.peek(True),
        key.Key_Escape: view.give_up,
        key.Key_Delete: view.remove_selected,
        key.Key_Backspace: view.remove_selected,
        key.Key_Insert: view.insert_box,
        key.Key_Return: view.finish_sketch,
        key.Key_Enter: view.finish_sketch,
        key.Key_BracketRight: lambda: view.select_next(1),
        key.Key_BracketLeft: lambda: view.select_next(-1),
        key.Key_F: view.fit,
        key.Key_A: view.actual_size,
        key.Key_I: lambda: view.set_inverted(not view.inverted),
        key.Key_O: view.overlays_toggled.emit,
        key.Key_0: view.use_own_window,
        key.Key_Plus: lambda: view.zoom_by(ZOOM_STEP),
        key.Key_Equal: lambda: view.zoom_by(ZOOM_STEP),
        key.Key_Minus: lambda: view.zoom_by(1 / ZOOM_STEP),
        key.Key_PageUp: lambda: view.frame_step_requested.emit(-FAR),
        key.Key_PageDown: lambda: view.frame_step_requested.emit(FAR),
        **{key(key.Key_1.value + n): _preset(view, n) for n in range(9)},
    }


def _preset(view: "ImageInput", number: int) -> Callable[[], None]:
    return lambda: view.use_preset(number)
