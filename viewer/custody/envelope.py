"""Originals of what was changed, encrypted into the output, and the way back (PS3.15 E.1.2)."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import dcmread
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian

from viewer.dicom.decisions import Action, Decision
from viewer.dicom.elements import CONVERSION_ERRORS
from viewer.dicom.errors import BadSelector, UnreadableFile, Unsupported

ENCRYPTED: Final = 0x04000500
_SYNTAX: Final = 0x04000510
_CONTENT: Final = 0x04000520
_MODIFIED: Final = 0x04000550
_CHARACTER_SET: Final = 0x00080005
_SHORTEST_KEY: Final = 2048
_PIXELS: Final = range(0x7FE00000, 0x7FE10000)
_CLAIMS: Final = (0x00120063, 0x00120064, 0x00280301, 0x00280302, 0x00280303)
"""Attributes that say what was done; gone on the way back unless the source had them."""
_IDENTITY_REMOVED: Final = 0x00120062


def certificates(recipients: Iterable[str]) -> list[x509.Certificate]:
    """Return the certificates of PEM texts; raises BadSelector unless each has an RSA key of 2048 bits."""
    found = []
    for text in recipients:
        try:
            certificate = x509.load_pem_x509_certificate(text.encode())
        except ValueError as error:
            raise BadSelector("A recipient's certificate cannot be read: it must be X.509 in PEM.") from error
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey) or key.key_size < _SHORTEST_KEY:
            raise BadSelector("A recipient's certificate needs an RSA key of 2048 bits or more.")
        found.append(certificate)
    return found


def seal(
    output: Dataset, source: Dataset, decisions: Iterable[Decision], to: Sequence[x509.Certificate]
) -> None:
    """Put the originals of everything that was changed into an output, encrypted for its recipients.

    A top-level sequence in which anything changed is taken whole; pixel data are not taken (PS3.15 E.1.1).
    Raises Unsupported when an original cannot be carried over, or encrypted originals are there already.
    """
    if ENCRYPTED in output:
        raise Unsupported("It holds encrypted originals already; they are not encrypted a second time.")
    changed = {d.path[0] for d in decisions if d.action not in (Action.KEEP, Action.ADD)}
    try:
        originals = _originals(source, changed.union(_CLAIMS))
        content = _encoded(originals)
    except CONVERSION_ERRORS as error:
        raise Unsupported("An original of it cannot be put into the encrypted part.") from error
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content)
    for certificate in to:
        builder = builder.add_recipient(certificate)
    builder = builder.set_content_encryption_algorithm(algorithms.AES256)
    envelope = builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    item = Dataset()
    item.add_new(_SYNTAX, "UI", ExplicitVRLittleEndian)
    item.add_new(_CONTENT, "OB", envelope + b"\0" * (len(envelope) % 2))
    implicit, little = output.original_encoding
    item.set_original_encoding(implicit, little, output.original_character_set)
    output[ENCRYPTED] = DataElement(ENCRYPTED, "SQ", Items([item]))


def _originals(source: Dataset, changed: set[int]) -> Dataset:
    made = Dataset()
    if _CHARACTER_SET in source:
        made[_CHARACTER_SET] = source[_CHARACTER_SET]
    for tag in sorted(changed):
        if tag in source and tag not in _PIXELS and tag & 0xFFFF:
            element = source[tag]
            made[tag] = DataElement(tag, element.VR, element.value, already_converted=True)
    return made


def _encoded(originals: Dataset) -> bytes:
    whole = Dataset()
    whole.add_new(_MODIFIED, "SQ", Items([originals]))
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_dataset(out, whole)
    return out.getvalue()


# The way back -----------------------------------------------------------------------------------------


def private_key(pem: bytes, password: bytes | None) -> RSAPrivateKey:
    """Return a private key; raises BadSelector when it cannot be read or is no RSA key."""
    try:
        key = load_pem_private_key(pem, password)
    except (ValueError, TypeError) as error:
        raise BadSelector("The private key cannot be read, or its password is wrong.") from error
    if not isinstance(key, RSAPrivateKey):
        raise BadSelector("The private key is no RSA key.")
    return key


def revealed(dataset: FileDataset, certificate: x509.Certificate, key: RSAPrivateKey) -> FileDataset:
    """Return a data set with its originals moved back over what stood for them (PS3.15 E.1.2).

    The same object, changed. Raises UnreadableFile when it holds nothing that this key opens.
    """
    originals = _opened(dataset, certificate, key)
    for element in list(dataset):  # read all of it in its own letters before they change
        element.value  # noqa: B018
    del dataset[ENCRYPTED]
    for tag in _CLAIMS:
        if tag in dataset:
            del dataset[tag]
    for element in originals:
        dataset[element.tag] = element
    dataset.add_new(_IDENTITY_REMOVED, "CS", "NO")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _opened(dataset: Dataset, certificate: x509.Certificate, key: RSAPrivateKey) -> Dataset:
    items = dataset[ENCRYPTED].value if ENCRYPTED in dataset else ()
    for item in items or ():
        envelope = bytes(item[_CONTENT].value)
        length = _der_length(envelope)
        try:
            content = pkcs7.pkcs7_decrypt_der(envelope[:length], certificate, key, [])
        except ValueError:
            continue
        inner = dcmread(BytesIO(_as_file(content)), force=True)
        return Dataset(inner[_MODIFIED].value[0])
    raise UnreadableFile("It holds no originals that this key and certificate open.")


def _der_length(envelope: bytes) -> int:
    """Return the bytes of a DER value, without the byte that pads it to even length."""
    if envelope[1] < 0x80:
        return 2 + envelope[1]
    count = envelope[1] & 0x7F
    return 2 + count + int.from_bytes(envelope[2 : 2 + count], "big")


def _as_file(content: bytes) -> bytes:
    """Return an explicit little endian data set as a file, so that its encoding need not be guessed."""
    syntax = ExplicitVRLittleEndian.encode() + b"\0" * (len(ExplicitVRLittleEndian) % 2)
    meta = b"\2\0\x10\0UI" + len(syntax).to_bytes(2, "little") + syntax
    head = b"\2\0\0\0UL\4\0" + len(meta).to_bytes(4, "little")
    return bytes(128) + b"DICM" + head + meta + content
