"""Where changed frames wait until they are written: in memory, or in a nameless file when they are many."""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from viewer.dicom.errors import UnsafeDestination
from viewer.dicom.pixel_value import InFile, InMemory, PixelValue

_IN_MEMORY: Final = 64 << 20


class Spool:
    """Keeps bytes until it is closed. `folder`: where the nameless file stands, on the disk of the output."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder, self._room = folder, _IN_MEMORY
        self._file: BinaryIO | None = None
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; what was kept in it cannot be read any more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def keep(self, data: bytes) -> PixelValue:
        """Return the bytes as a value; raises UnsafeDestination when the disk is full."""
        if len(data) <= self._room:
            self._room -= len(data)
            return InMemory(data)
        try:
            if self._file is None:
                nameless = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
                self._file = cast("BinaryIO", nameless)
            self._file.seek(self._end)
            self._file.write(data)
        except OSError as error:
            raise UnsafeDestination("The output folder is full or cannot be written.") from error
        start, self._end = self._end, self._end + len(data)
        return InFile(self._file, start, self._end)
