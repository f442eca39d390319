"""Whether a window can be shown on this machine."""

import os
import sys


def has_display() -> bool:
    """Return whether there is a screen to draw on: always on Windows and macOS, else by the environment."""
    if sys.platform in ("win32", "darwin"):
        return True
    if os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return False
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
