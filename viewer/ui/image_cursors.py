"""The pointer over the image: by tool, and by the part of a box that it would grasp."""

from typing import Final

from PySide6.QtCore import Qt

from viewer.app import tools
from viewer.app.tools import Part, Tool

CURSORS: Final = {
    Tool.SELECT: Qt.CursorShape.ArrowCursor,
    Tool.BOX: Qt.CursorShape.CrossCursor,
    Tool.ELLIPSE: Qt.CursorShape.CrossCursor,
    Tool.POLYGON: Qt.CursorShape.CrossCursor,
    Tool.FAN: Qt.CursorShape.CrossCursor,
    Tool.WINDOW: Qt.CursorShape.SizeAllCursor,
    Tool.PAN: Qt.CursorShape.OpenHandCursor,
    Tool.ZOOM: Qt.CursorShape.SizeVerCursor,
}
PART_CURSORS: Final = {
    tools.INSIDE: Qt.CursorShape.SizeAllCursor,
    Part(-1, -1): Qt.CursorShape.SizeFDiagCursor,
    Part(1, 1): Qt.CursorShape.SizeFDiagCursor,
    Part(1, -1): Qt.CursorShape.SizeBDiagCursor,
    Part(-1, 1): Qt.CursorShape.SizeBDiagCursor,
    Part(0, -1): Qt.CursorShape.SizeVerCursor,
    Part(0, 1): Qt.CursorShape.SizeVerCursor,
    Part(-1, 0): Qt.CursorShape.SizeHorCursor,
    Part(1, 0): Qt.CursorShape.SizeHorCursor,
}
