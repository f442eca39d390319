"""A drawing in unused bits of the pixel data goes, every sample stays, and the checker sees both."""

import io

import numpy as np
import pytest
from pydicom import dcmread

from tests.factories import KEYRING, ct_slice, put_raw, to_bytes
from viewer.dicom.decisions import Severity
from viewer.dicom.parsing import parse
from viewer.pixels.redact import redact
from viewer.release.apply import apply
from viewer.release.encode import encoded
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Recipe

DRAWN = 1 << 13


def film(*, signed: bool):
    """A slice of 12 bits in 16 whose bit 13 draws something, declared as overlay 6000 without data."""
    dataset = ct_slice()
    size = (int(dataset.Rows), int(dataset.Columns))
    low, high = (-2048, 2048) if signed else (0, 4096)
    stored = np.random.default_rng(3).integers(low, high, size, dtype=np.int16)
    words = stored.view(np.uint16) & 0xFFFF
    words[2:4] ^= DRAWN
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = words.tobytes()
    put_raw(dataset, 0x60000100, "US", (16).to_bytes(2, "little"))
    put_raw(dataset, 0x60000102, "US", (13).to_bytes(2, "little"))
    return dataset, stored


def written(dataset):
    content = to_bytes(dataset)
    source = parse(content)
    made = plan(source, Recipe(BASIC), KEYRING)
    output = apply(source, made)
    redact(output, made.blanks)
    return content, made, encoded(output)


@pytest.mark.parametrize("signed", [False, True])
def test_the_drawing_goes_and_the_samples_stay(signed) -> None:
    dataset, stored = film(signed=signed)
    content, made, output = written(dataset)
    result = dcmread(io.BytesIO(output))
    held = np.frombuffer(result.PixelData, np.int16).reshape(stored.shape)
    assert (held == stored).all()
    assert 0x60000102 not in result
    proof, findings = verify(output, "name", content, made)
    assert findings == ()
    assert proof.basis == "decoded"


@pytest.mark.parametrize("signed", [False, True])
def test_the_checker_notices_a_drawing_that_stayed_and_a_sample_that_changed(signed) -> None:
    dataset, _ = film(signed=signed)
    content, made, output = written(dataset)
    place = output.rindex(dcmread(io.BytesIO(output)).PixelData)
    for position, bit in ((place + 1, 0x20), (place, 0x01)):
        spoiled = bytearray(output)
        spoiled[position] ^= bit
        _, findings = verify(bytes(spoiled), "name", content, made)
        assert [f.code for f in findings if f.severity is Severity.ERROR]
