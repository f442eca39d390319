"""Check the encrypted originals of a written file from outside: their form, for nobody here has the key."""

from collections.abc import Iterator
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from viewer.dicom.decisions import Finding, Plan, Severity

ENCRYPTED: Final = 0x04000500
_SYNTAX, _CONTENT = 0x04000510, 0x04000520
_ENVELOPED: Final = bytes.fromhex("06092a864886f70d010703")
"""The object identifier of CMS enveloped data (RFC 5652 6.1)."""
_AES_256: Final = bytes.fromhex("060960864801650304012a")
_MOST_REPEATED: Final = 0.02
"""Share of one byte value above which a large content cannot be the output of a cipher."""


def check_envelope(written: Dataset, plan: Plan) -> Iterator[Finding]:
    """Yield what is wrong with (0400,0500) of a written file (PS3.3 C.12.1.1.4.1)."""
    if not plan.sealed:
        return
    items = list(written[ENCRYPTED].value or ()) if ENCRYPTED in written else []
    if len(items) != 1 or sorted(items[0].keys()) != [_SYNTAX, _CONTENT]:
        yield _error("The encrypted originals are not there, or there is more than them.")
        return
    content = bytes(items[0][_CONTENT].value or b"")
    if str(items[0][_SYNTAX].value) != ExplicitVRLittleEndian:
        yield _error("The encrypted originals do not say truly how they are encoded.")
    if content[:1] != b"\x30" or _ENVELOPED not in content[:40] or _AES_256 not in content:
        yield _error("What should be encrypted is not.")
    elif content.count(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") < plan.sealed:
        yield _error("The originals are not encrypted for every recipient.")
    body = content[content.find(_AES_256) :]
    if len(body) > 4096 and max(body.count(bytes((value,))) for value in range(256)) > _MOST_REPEATED * len(
        body
    ):
        yield _error("What should be encrypted is not.")


def _error(message: str) -> Finding:
    return Finding("envelope", Severity.ERROR, "(0400,0500)", message)
