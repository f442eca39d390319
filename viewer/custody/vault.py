"""The secret from which surrogates are derived: made once, kept in a file that only this user may read."""

import os
import secrets
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

from viewer import PRODUCT
from viewer.dicom.errors import BrokenResource
from viewer.rules.surrogates import Keyring

_BYTES: Final = 32
_NAME: Final = "site.key"


def site_folder() -> Path:
    """Return this user's folder for keys."""
    return user_data_path(PRODUCT, appauthor=False)


def site_keyring(folder: Path | None = None) -> Keyring:
    """Return the keyring of this computer's user; made on first use. Raises BrokenResource."""
    return file_keyring((folder or site_folder()) / _NAME)


def file_keyring(path: Path) -> Keyring:
    """Return the keyring in a key file of 64 hexadecimal digits; the file is made when it does not exist.

    Raises BrokenResource when the file cannot be read or made, or is no key file.
    """
    try:
        if not path.exists():
            _make(path)
        text = path.read_text(encoding="ascii").strip()
        secret = bytes.fromhex(text)
    except (OSError, ValueError) as error:
        raise BrokenResource("The key file cannot be read or made, or is not a key file.") from error
    if len(secret) != _BYTES:
        raise BrokenResource("This is not a key file: 64 hexadecimal digits are expected.")
    return Keyring(secret)


def _make(path: Path) -> None:
    """Write a fresh key so that no other process ever sees half of it or a second one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(_BYTES) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:
        if not path.exists():
            os.replace(draft, path)
            return
    draft.unlink(missing_ok=True)
