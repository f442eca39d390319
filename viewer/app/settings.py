"""What the program remembers between two starts: folders, window, choices; nothing of a patient."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec
from platformdirs import user_config_path

from viewer import PRODUCT

_MOST_RECENT: Final = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """Remembered choices. Paths are this user's own and stay on this computer."""

    recent: tuple[str, ...] = field(default=(), repr=False)
    destination: str = field(default="", repr=False)
    profile: str = ""
    dark: bool | None = None
    """None follows the system."""
    geometry: str = ""
    """Window geometry in Base64."""

    def opened(self, path: str) -> "Settings":
        """Return settings in which this path is the most recent one."""
        others = tuple(p for p in self.recent if p != path)
        return replace(self, recent=(path, *others)[:_MOST_RECENT])


def settings_file() -> Path:
    """Return where settings are kept on this system."""
    return user_config_path(PRODUCT, appauthor=False) / "settings.json"


def load_settings(path: Path) -> Settings:
    """Return the settings in a file; the defaults when there is none or it is damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except (OSError, msgspec.DecodeError):
        return Settings()


def save_settings(settings: Settings, path: Path) -> bool:
    """Write the settings; return False when that is not possible (settings are a comfort)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(settings))
        draft.replace(path)
    except OSError:
        return False
    return True
