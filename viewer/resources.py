"""The one place that finds resources/: in the source tree, in the wheel and in the frozen program."""

import sys
from pathlib import Path


def resource(*parts: str) -> Path:
    """Return the path of a file or folder below resources/ (which may not exist)."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return Path(frozen, "resources", *parts)
    here = Path(__file__).resolve().parent
    packed = here / "_resources"
    return Path(packed if packed.is_dir() else here.parent / "resources", *parts)
