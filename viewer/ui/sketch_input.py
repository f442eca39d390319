"""The shape that is being drawn corner by corner over the image, as far as it is whole."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from viewer.app.sketch import Sketch


class SketchInput(QWidget):
    """Holds an unfinished shape. `shape_drawn`: its corners, in stored pixels."""

    shape_drawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sketch = Sketch()

    def finish_sketch(self) -> None:
        """Report the unfinished shape as a whole."""
        corners, self._sketch = self._sketch.points, Sketch()
        self.update()
        if corners:
            self.shape_drawn.emit(corners)

    def _set_sketch(self, sketch: Sketch) -> None:
        if sketch != self._sketch:
            self._sketch = sketch
            self.update()

    def _add_corner(self, x: float, y: float, *, as_fan: bool) -> None:
        """Add a corner to the unfinished shape; a fan is whole with its fourth one."""
        self._set_sketch(self._sketch.with_corner(x, y))
        if as_fan and len(self._sketch.points) == 4:
            self.finish_sketch()
