"""The tree of errors that the engine raises on purpose; none of them carries a value, a name or a path.

DeidError
├── UnreadableFile       this file cannot be opened as DICOM
├── Unsupported          it is DICOM, but a step cannot be done exactly: the instance is held
├── BadSelector          a selector, box or option given by the user cannot be understood
├── ConflictingOptions   two PS3.15 options that exclude each other
├── BrokenResource       a table in resources/ is missing, damaged or of another edition
├── UnsafeDestination    the output folder cannot be used
└── Cancelled            the user asked to stop
"""


class DeidError(Exception):
    """Base of all deliberate errors; `str(error)` is one sentence that may be shown to staff."""


class UnreadableFile(DeidError):
    """The file is not DICOM, is damaged, or cannot be read."""


class Unsupported(DeidError):
    """A step cannot be carried out exactly, so the instance is held."""


class BadSelector(DeidError):
    """A selector, box, action or option text is not understood."""


class ConflictingOptions(DeidError):
    """Two options of PS3.15 exclude each other (deid rules, "Options that meet on one attribute")."""


class BrokenResource(DeidError):
    """A generated table is missing, damaged or not of the expected edition."""


class UnsafeDestination(DeidError):
    """The output folder lies inside the source, is not writable, or is full."""


class Cancelled(DeidError):
    """The user asked to stop; nothing unfinished is left behind."""
