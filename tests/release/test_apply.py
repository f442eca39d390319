"""Applying a plan and writing it: exactly what was decided, in the encoding of the source."""

import io
import os
import zlib
from dataclasses import replace

import pytest
from pydicom import dcmread

from tests.factories import KEYRING, SYNTAXES, ct_slice, ecg, put_raw, to_bytes, us_loop
from viewer.dicom.decisions import Action
from viewer.dicom.errors import DeidError, UnreadableFile, UnsafeDestination, Unsupported
from viewer.dicom.parsing import parse
from viewer.release.apply import apply
from viewer.release.run import encoded
from viewer.release.unfinished import Unfinished, clear_unfinished
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Recipe


def output(dataset, syntax="explicit little"):
    source = parse(to_bytes(dataset, syntax))
    return dcmread(io.BytesIO(encoded(apply(source, plan(source, Recipe(BASIC), KEYRING)))))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_transfer_syntax_stays_and_its_pixels_can_be_read(syntax) -> None:
    """Peers relabelled RLE, dropped the pixels of deflated files."""
    dataset = us_loop()
    before = dcmread(io.BytesIO(to_bytes(dataset, syntax)))
    after = output(dataset, syntax)
    assert after.file_meta.TransferSyntaxUID == SYNTAXES[syntax][0]
    assert (after.pixel_array == before.pixel_array).all()


def test_waveforms_stay() -> None:
    """A peer dropped the waveform and left an empty ECG."""
    before, after = ecg().WaveformSequence[0], output(ecg()).WaveformSequence[0]
    assert after.WaveformData == before.WaveformData
    assert after.ChannelDefinitionSequence[0].ChannelSourceSequence[0].CodeValue == "2:1"


def test_odd_lengths_are_padded_and_nothing_else() -> None:
    dataset = ct_slice()
    put_raw(dataset, 0x00181210, "SH", b"B30")
    put_raw(dataset, 0x00281201, "OW", b"\1\2\3")
    after = output(dataset)
    assert after.get_item(0x00181210).value == b"B30 "
    assert after.get_item(0x00281201).value[:3] == b"\1\2\3"
    assert len(after.get_item(0x00281201).value) == 4


def test_the_source_is_not_changed() -> None:
    content = to_bytes(ct_slice())
    source = parse(content)
    apply(source, plan(source, Recipe(BASIC), KEYRING))
    assert source == parse(content)


def test_an_element_without_a_decision_is_refused() -> None:
    source = parse(to_bytes(ct_slice()))
    made = plan(source, Recipe(BASIC), KEYRING)
    less = tuple(d for d in made.decisions if d.path != (0x00180060,))
    with pytest.raises(Unsupported, match="not covered"):
        apply(source, replace(made, decisions=less))
    extra = tuple(replace(d, action=Action.KEEP) if d.path == (0x0040A730,) else d for d in made.decisions)
    assert apply(source, replace(made, decisions=extra))


def test_compressed_pixels_without_a_known_syntax_are_refused() -> None:
    content = to_bytes(us_loop(), "RLE")
    source = parse(content)
    source.file_meta.TransferSyntaxUID = ""
    with pytest.raises(Unsupported, match="compressed"):
        apply(source, plan(source, Recipe(BASIC), KEYRING))


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 200, b"\0" * 128 + b"DICM", b"PK\3\4" * 99])
def test_what_is_no_dicom_is_refused(content) -> None:
    with pytest.raises(DeidError):  # noqa: PT012
        source = parse(content)
        apply(source, plan(source, Recipe(BASIC), KEYRING))


def test_a_file_without_preamble_can_be_read() -> None:
    content = to_bytes(ct_slice(), "implicit little")
    start = content.index(b"\x08\x00\x05\x00")
    assert parse(content[start:]).PatientID == "HOSP-778341"
    with pytest.raises(UnreadableFile):
        parse(content[start:-7])


def test_deflated_output_inflates_to_the_end() -> None:
    source = parse(to_bytes(ct_slice(), "deflated"))
    content = encoded(apply(source, plan(source, Recipe(BASIC), KEYRING)))
    meta = dcmread(io.BytesIO(content)).file_meta
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflater.decompress(content[144 + meta.FileMetaInformationGroupLength :])
    assert inflater.eof
    assert len(content) % 2 == 0


# --- unfinished files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("nameless", [True, False])
def test_a_file_has_no_name_until_it_is_published(tmp_path, monkeypatch, nameless) -> None:
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    with Unfinished(tmp_path, "a/b/c.dcm") as one:
        one.write(b"content")
        assert one.read_back() == b"content"
        assert not list(tmp_path.rglob("*.dcm"))
        one.publish(replace_existing=False)
    assert (tmp_path / "a/b/c.dcm").read_bytes() == b"content"
    with pytest.raises(UnsafeDestination), Unfinished(tmp_path, "a/b/c.dcm") as two:  # noqa: PT012
        two.write(b"other")
        two.publish(replace_existing=False)
    assert (tmp_path / "a/b/c.dcm").read_bytes() == b"content"
    with Unfinished(tmp_path, "a/b/c.dcm") as three:
        three.write(b"other")
        three.publish(replace_existing=True)
    assert (tmp_path / "a/b/c.dcm").read_bytes() == b"other"
    with pytest.raises(RuntimeError), Unfinished(tmp_path, "a/x/d.dcm") as four:  # noqa: PT012
        four.write(b"lost")
        raise RuntimeError
    clear_unfinished(tmp_path)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["c.dcm"]
    assert not (tmp_path / "a/x").exists()
