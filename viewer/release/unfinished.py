"""A file that is being written: it has no name in the output folder until it is published."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from viewer.dicom.errors import UnsafeDestination
from viewer.dicom.pixel_value import Buffer, InFile

_FOLDER: Final = ".unfinished"
_PART: Final = 1 << 24


class Unfinished:
    """Owns one temporary file; without publish() it vanishes, also when the process is killed.

    On Linux the file has no name at all until it is published (O_TMPFILE). Elsewhere it stands in a hidden
    folder of the destination, which the next export clears.
    """

    def __init__(self, destination: Path, name: str) -> None:
        self._root = destination
        self._target = destination / name
        self._handle = -1
        self._draft: Path | None = None

    def __enter__(self) -> Self:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError, AttributeError):
            self._handle = os.open(self._target.parent, os.O_TMPFILE | os.O_RDWR, 0o644)
        if self._handle < 0:
            folder = self._root / _FOLDER
            folder.mkdir(exist_ok=True)
            self._draft = folder / secrets.token_hex(8)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._handle = os.open(self._draft, flags, 0o644)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if self._draft is not None:
            self._draft.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in list(self._target.relative_to(self._root).parents)[:-1]:
                (self._root / folder).rmdir()

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def write(self, *pieces: Buffer) -> None:
        """Write what comes next; raises UnsafeDestination when the disk is full or read-only."""
        try:
            for piece in pieces:
                view = memoryview(piece).cast("B")
                while view:
                    view = view[os.write(self._handle, view) :]
        except OSError as error:
            raise UnsafeDestination("The output folder is full or cannot be written.") from error

    @contextlib.contextmanager
    def reopened(self, *, large: int) -> Iterator[bytes | InFile]:
        """Give what stands in the file now; from `large` bytes on the open file itself."""
        size = os.fstat(self._handle).st_size
        if size < large:
            yield self.read_back()
            return
        with os.fdopen(os.dup(self._handle), "rb", buffering=0) as file:
            yield InFile(file, 0, size)

    def read_back(self) -> bytes:
        """Return what stands in the file now, read through the operating system."""
        os.lseek(self._handle, 0, os.SEEK_SET)
        parts = []
        while part := os.read(self._handle, _PART):
            parts.append(part)
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def publish(self, *, replace_existing: bool) -> None:
        """Give the file its name. An equal file that is there already is left as it is.

        Raises UnsafeDestination when a different file has the name and must not be replaced.
        """
        if self._target.exists():
            if self._is_there():
                return
            if not replace_existing:
                raise UnsafeDestination("A different file has its name there: choose an empty folder.")
        self._target.parent.mkdir(parents=True, exist_ok=True)  # another worker may have tidied it away
        if self._draft is None:
            self._publish_nameless()
        else:
            self._close()
            os.replace(self._draft, self._target)

    def _is_there(self) -> bool:
        """Return whether the file that has the name is equal."""
        if self._target.stat().st_size != os.fstat(self._handle).st_size:
            return False
        with open(self._target, "rb", buffering=0) as there, os.fdopen(os.dup(self._handle), "rb") as own:
            own.seek(0)
            while part := there.read(_PART):
                if part != own.read(len(part)):
                    return False
        return True

    def _publish_nameless(self) -> None:
        """Link the nameless file; a directory handle makes os.link follow the link (open(2), O_TMPFILE)."""
        nameless = f"/proc/self/fd/{self._handle}"
        if self._target.exists():
            draft = self._target.with_name(f"{self._target.name}.{secrets.token_hex(4)}")
            os.link(nameless, draft, src_dir_fd=self._handle, follow_symlinks=True)
            os.replace(draft, self._target)
        else:
            os.link(nameless, self._target, src_dir_fd=self._handle, follow_symlinks=True)


def clear_unfinished(destination: Path) -> None:
    """Remove what a killed export may have left in the hidden folder."""
    shutil.rmtree(destination / _FOLDER, ignore_errors=True)
