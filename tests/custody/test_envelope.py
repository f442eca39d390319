"""The originals, encrypted into an output for a recipient, and back: nothing is lost, nothing shows."""

import datetime
import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pydicom import dcmread

from tests.factories import KEYRING, KINDS, instance_of, to_bytes, write
from viewer.cli import commands
from viewer.custody.envelope import certificates, private_key, revealed
from viewer.dicom.decisions import Severity
from viewer.dicom.errors import BadSelector, UnreadableFile
from viewer.dicom.parsing import parse
from viewer.release.batch import Job, export
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.recipe import Profile, Recipe


def certificate(key) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Keeper of keys")])
    begun = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), begun, begun.replace(year=2036)
    )
    return builder.sign(key, hashes.SHA256())


def pem(one: x509.Certificate) -> str:
    return one.public_bytes(serialization.Encoding.PEM).decode()


KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
HOLDER, SECOND = certificate(KEY), certificate(OTHER)
RECIPE = Recipe(Profile("basic", recipients=(pem(HOLDER), pem(SECOND))))


def exported(source: Path, out: Path, recipe: Recipe = RECIPE) -> Path:
    job = Job((instance_of(source, dcmread(source)),), frozenset(), recipe, KEYRING, out)
    report = export(job)
    assert report.counts["written"] == 1, report.instances
    return next(out.rglob("*.dcm"))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(("holder", "key"), [(HOLDER, KEY), (SECOND, OTHER)])
def test_what_was_changed_comes_back(kind, holder, key, tmp_path) -> None:
    source = write(tmp_path / "in" / "a.dcm", to_bytes(KINDS[kind]()))
    written = exported(source, tmp_path / "out")
    content = written.read_bytes()
    for secret in (b"QUENBERT", b"Quenbert", b"HOSP-778341", b"Ekaterin"):
        assert secret not in content
    back = revealed(dcmread(written), holder, key)
    before = dcmread(source)
    assert back.PatientIdentityRemoved == "NO"
    assert "DeidentificationMethodCodeSequence" not in back
    del back.PatientIdentityRemoved
    for element in before:
        if element.tag.group != 0x7FE0:
            assert back[element.tag].to_json_dict(None, 10**9) == element.to_json_dict(None, 10**9), (
                element.tag
            )
    assert {e.tag for e in back} == {e.tag for e in before}


def test_letters_come_back(tmp_path) -> None:
    made = KINDS["CT"]()
    made.SpecificCharacterSet = "GB18030"
    made.PatientName = "Zhang^San=张^三"
    source = write(tmp_path / "in" / "a.dcm", to_bytes(made))
    back = revealed(dcmread(exported(source, tmp_path / "out")), HOLDER, KEY)
    out = io.BytesIO()
    back.save_as(out, enforce_file_format=True)
    assert str(dcmread(io.BytesIO(out.getvalue())).PatientName) == "Zhang^San=张^三"


def test_another_key_opens_nothing(tmp_path) -> None:
    source = write(tmp_path / "in" / "a.dcm", to_bytes(KINDS["CT"]()))
    stranger = rsa.generate_private_key(65537, 2048)
    with pytest.raises(UnreadableFile, match="this key"):
        revealed(dcmread(exported(source, tmp_path / "out")), certificate(stranger), stranger)
    with pytest.raises(UnreadableFile):
        revealed(dcmread(source), HOLDER, KEY)


@pytest.mark.parametrize("text", ["nonsense", pem(certificate(ec.generate_private_key(ec.SECP256R1())))])
def test_who_cannot_be_encrypted_for_is_refused(text, tmp_path) -> None:
    with pytest.raises(BadSelector):
        certificates([text])
    source = write(tmp_path / "in" / "a.dcm", to_bytes(KINDS["CT"]()))
    with pytest.raises(BadSelector):
        exported(source, tmp_path / "out", Recipe(Profile("basic", recipients=(text,))))
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").rglob("*.dcm"))


@pytest.mark.parametrize(
    "harm",
    [
        lambda item: item.__delitem__(0x04000510),
        lambda item: item.add_new(0x00100010, "PN", "Somebody"),
        lambda item: item.add_new(0x04000520, "OB", b"Quenbert in clear text "),
        lambda item: item.add_new(0x04000520, "OB", item[0x04000520].value[:300] + bytes(9000)),
    ],
)
def test_the_checker_sees_an_envelope_that_is_none(harm, tmp_path) -> None:
    content = to_bytes(KINDS["CT"]())
    source = write(tmp_path / "in" / "a.dcm", content)
    written = dcmread(exported(source, tmp_path / "out"))
    harm(written[0x04000500].value[0])
    out = io.BytesIO()
    written.save_as(out, enforce_file_format=True)
    made = plan(parse(content), RECIPE, KEYRING)
    codes = {f.code for f in verify(out.getvalue(), "a", content, made)[1] if f.severity is Severity.ERROR}
    assert "envelope" in codes


def test_the_command_line_seals_and_reveals(tmp_path) -> None:
    source = write(tmp_path / "in" / "a.dcm", to_bytes(KINDS["CT"]()))
    (tmp_path / "cert.pem").write_text(pem(HOLDER))
    locked = serialization.BestAvailableEncryption(b"secret")
    form = serialization.PrivateFormat.PKCS8
    (tmp_path / "key.pem").write_bytes(KEY.private_bytes(serialization.Encoding.PEM, form, locked))
    out, back = tmp_path / "out", tmp_path / "back"
    runner = CliRunner()
    sealing = ["clean", str(source), "--out", str(out), "--recipient", str(tmp_path / "cert.pem")]
    assert runner.invoke(commands, [*sealing, "--key-file", str(tmp_path / "k")]).exit_code == 0
    opening = ["reveal", str(out), "--out", str(back), "--key", str(tmp_path / "key.pem"), "--password"]
    shown = runner.invoke(commands, [*opening, "--certificate", str(tmp_path / "cert.pem")], input="secret\n")
    assert shown.exit_code == 0, shown.output
    assert "revealed 1 of 1" in shown.output
    found = dcmread(next(back.iterdir()))
    assert found.PatientName == "QUENBERT^OSWALDINE"
    assert found.file_meta.MediaStorageSOPInstanceUID == dcmread(source).SOPInstanceUID
    with pytest.raises(BadSelector):
        private_key((tmp_path / "key.pem").read_bytes(), b"wrong")
