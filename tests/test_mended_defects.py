"""Defects that a second pair of eyes found in the engine: each test says what ought to hold."""

import io
import os
from concurrent.futures import Future
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.factories import (
    KEYRING,
    OSWALDINE,
    ct_slice,
    in_charset,
    instance_of,
    pdf,
    put_raw,
    to_bytes,
    uid,
    write,
    write_in,
)
from viewer.cli import run
from viewer.dicom.decisions import Action, Severity
from viewer.dicom.errors import DeidError, UnsafeDestination
from viewer.dicom.parsing import parse
from viewer.dicom.scan import scan
from viewer.pixels.box_text import regions_from
from viewer.release.apply import apply
from viewer.release.batch import Job, check_destination, export
from viewer.release.recheck import recheck
from viewer.release.report import Held, Written
from viewer.release.run import Task, encoded, run_instance
from viewer.release.unfinished import Unfinished
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC, profile_named
from viewer.rules.recipe import Option, Override, Profile, Recipe, read_profile, write_profile

RESEARCH = profile_named("research")


def cleaned(dataset: Dataset, profile: Profile = BASIC, **how):
    """Return (plan, output bytes, findings)."""
    content = to_bytes(dataset, **how)
    source = parse(content)
    made = plan(source, Recipe(profile), KEYRING)
    output = encoded(apply(source, made))
    return made, output, (*made.findings, *verify(output, "name", content, made)[1])


def job(folder: Path, destination: Path, profile: Profile = BASIC) -> Job:
    catalog = scan([folder])
    return Job(tuple(catalog.instances), catalog.duplicates, Recipe(profile), KEYRING, destination)


# --- identity that leaves the house ------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["ascii", "utf-16-le"])
@pytest.mark.parametrize("word", ["QUENBERT", "oswaldine"])
def test_the_checker_finds_a_single_word_of_a_name(word, codec) -> None:
    """residue._stands_alone(): bytes.replace(b"", b"0") puts a 0 between all bytes, so that no needle with
    whole=True (but dates and UIDs) is ever found."""
    dataset = ct_slice()
    value = b"\1\2 " + word.encode(codec) + b" \3"
    put_raw(dataset, 0x00281201, "OW", value + b"\0" * (len(value) % 2))
    assert [f.code for f in cleaned(dataset)[2]] == ["identity-left"]


def test_a_box_on_an_image_without_sop_instance_uid_is_not_forgotten(tmp_path) -> None:
    """blanks_for() leaves regions with an empty UID out; the image is written with its text in it."""
    dataset = ct_slice()
    content = to_bytes(dataset).replace(b"\x08\x00\x18\x00UI", b"\x08\x00\x17\x00UI")
    write(tmp_path / "in" / "1.dcm", content)
    catalog = scan([tmp_path / "in"])
    regions = tuple(regions_from("0,0,4,4", catalog.studies))
    made = Job(tuple(catalog.instances), frozenset(), Recipe(BASIC, regions), KEYRING, tmp_path / "out")
    (report,) = export(made).instances
    if isinstance(report, Written):
        pixels = dcmread(tmp_path / "out" / report.name).pixel_array
        assert (pixels[:4, :4] == pixels[:4, :4].min()).all()
        assert report.pixels.frames_touched == 1


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "LEFÈVRE^RENÉ"),
        ("ISO_IR 100", "ÖRTEGREN^ÅSA"),
        ("ISO_IR 192", "LEFÈVRE^RENÉ"),
        ("ISO_IR 192", "ÇELİKÖZ^ÜÇ"),
        ("ISO_IR 192", "ИВАНОВ^ПЁТР"),
    ],
)
def test_a_name_in_capitals_with_accents_is_swept_from_unlisted_text(charset, name) -> None:
    """bytes.lower() leaves letters beyond ASCII as they are, but needles are lower-cased as text."""
    codec = {"ISO_IR 100": "latin-1", "ISO_IR 192": "utf-8"}[charset]
    word = in_charset(name.split("^")[0], codec)
    dataset = ct_slice()
    write_in(dataset, charset, name)
    value = b"coil " + word
    put_raw(dataset, 0x00181250, "SH", value + b" " * (len(value) % 2))
    _, output, findings = cleaned(dataset)
    assert word not in output
    assert findings == ()


@pytest.mark.parametrize("keyword", ["BodyPartExamined", "ImageType"])
def test_a_name_in_a_code_string_goes(keyword) -> None:
    """Since the sweep spares single words of names in CS, and residue._permitted() too, they leave unseen.

    Only defined terms (MONOCHROME2, OTHER …) should be spared.
    """
    dataset = ct_slice()
    setattr(dataset, keyword, ["ORIGINAL", "PRIMARY", "QUENBERT"] if keyword == "ImageType" else "QUENBERT")
    _, output, findings = cleaned(dataset)
    assert b"QUENBERT" not in output or findings


def test_a_long_name_that_touches_other_letters_goes() -> None:
    """Sweep and checker both ask for word boundaries, also for names that are no word by chance."""
    dataset = ct_slice()
    dataset.ReceiveCoilName = "xQUENBERT7"
    _, output, findings = cleaned(dataset)
    assert b"QUENBERT" not in output or findings


def test_a_chinese_name_in_iso_2022_ir_58_is_swept_from_the_middle_of_a_text() -> None:
    """pydicom leaves the escape ESC $ ) A in the text, so the name is looked for with it only."""
    dataset = ct_slice()
    name = write_in(dataset, "ISO 2022 IR 58").split("=")[1].replace("^", "")
    value = in_charset(f"head 头部{name}", "iso 58")
    put_raw(dataset, 0x00281055, "LO", value + b" " * (len(value) % 2))
    _, output, findings = cleaned(dataset)
    assert name.encode("gb2312") not in output
    assert name.encode() not in output
    assert "头部".encode() in output  # UTF-8 now: escapes are not written
    assert [finding.code for finding in findings] == ["character-set"]


def test_the_checker_finds_a_chinese_name_of_iso_2022_ir_58() -> None:
    dataset = ct_slice()
    name = write_in(dataset, "ISO 2022 IR 58").split("=")[1].replace("^", "")
    put_raw(dataset, 0x00281201, "OW", b"profile of " + name.encode("utf-8") + b" ")
    assert [f.code for f in cleaned(dataset)[2]] == ["identity-left"]


def test_the_checker_finds_a_name_in_capitals_with_accents() -> None:
    """The same in release/residue: what the sweep missed, the checker misses too."""
    dataset = ct_slice()
    write_in(dataset, "ISO_IR 100", "LEFÈVRE^RENÉ")
    put_raw(dataset, 0x00281201, "OW", b"profile of LEF\xc8VRE ")
    _, _, findings = cleaned(dataset)
    assert [f.code for f in findings] == ["identity-left"]


def test_the_checker_finds_identity_in_the_file_name() -> None:
    """residue() drops what it found in the name: `left` counts occurrences in the stream only."""
    content = to_bytes(ct_slice())
    source = parse(content)
    made = plan(source, Recipe(BASIC), KEYRING)
    output = encoded(apply(source, made))
    _, findings = verify(output, "QUENBERT/ST/SE/IM.dcm", content, made)
    assert "identity-left" in {f.code for f in findings}


@pytest.mark.parametrize("value", ["20240517-20240519", "2024051720240519", "20240517 101112+0800-20240519"])
def test_a_second_date_in_a_datetime_is_not_left(value) -> None:
    """shifted_datetime() takes any digits, signs and points after the first date for a time and zone."""
    dataset = ct_slice()
    put_raw(dataset, 0x0008002A, "DT", value.encode() + b" " * (len(value) % 2))
    assert b"20240519" not in cleaned(dataset, RESEARCH)[1]


def test_an_unregistered_uid_below_the_root_of_the_standard_is_replaced() -> None:
    """Keyring.uid() and residue() take every UID below 1.2.840.10008 for a registered one."""
    dataset = ct_slice()
    dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2.19990101.734151"
    assert b"734151" not in cleaned(dataset)[1]


@pytest.mark.filterwarnings("ignore:VR lookup failed")
@pytest.mark.parametrize("tag", [0x00081301, 0x00100043])
def test_a_sequence_newer_than_pydicom_is_not_kept_unread_in_implicit_vr(tag) -> None:
    """Without a VR it is UN, “C” or “K” keeps its bytes, and names inside are neither decided nor checked."""
    inside = Dataset()
    inside.PatientName = "STRANGER^NEMO"
    dataset = ct_slice()
    dataset.add_new(tag, "SQ", [inside])
    options = frozenset((Option.CLEAN_DESCRIPTORS, Option.RETAIN_PATIENT_CHARACTERISTICS))
    assert b"STRANGER" not in cleaned(dataset, Profile("p", options), syntax="implicit little")[1]


def test_text_in_a_number_does_not_stay() -> None:
    """DS and IS with other characters than numbers have hold text (deid rules, section 6)."""
    dataset = ct_slice()
    put_raw(dataset, 0x00180060, "DS", b"Dr Ozymand 5551234 ")
    assert b"Ozymand" not in cleaned(dataset)[1]


def test_a_person_name_by_the_vr_of_the_file_is_removed() -> None:
    """decide._unlisted() asks the dictionary only: a PN in the place of an SH is kept."""
    dataset = ct_slice()
    put_raw(dataset, 0x00181250, "PN", b"Stranger^Nemo ")
    assert b"Stranger" not in cleaned(dataset)[1]


def test_recheck_finds_dates_and_uids_of_the_source(tmp_path) -> None:
    """recheck() promises names, identifiers, dates and UIDs; identity_of() gathers only a few attributes."""
    dataset = ct_slice()
    source = write(tmp_path / "in" / "1.dcm", to_bytes(dataset))
    made, output, _ = cleaned(dataset)
    for word in (OSWALDINE.day, f"{OSWALDINE.study}.900"):
        written = dcmread(io.BytesIO(output))
        written.ConvolutionKernel = word[:16] if len(word) <= 16 else ""
        written.CodeMeaning = word
        written.save_as(tmp_path / "1.dcm")
        write(tmp_path / "out" / "1.dcm", (tmp_path / "1.dcm").read_bytes())
        (checked,) = recheck(tmp_path / "out", [instance_of(source, dataset)])
        assert "identity-left" in {f.code for f in checked.findings}
    assert made.patient


def test_verify_against_nothing_is_no_success(tmp_path, capsys) -> None:
    """Sources that cannot be read, or none at all, must not look like “nothing was found”."""
    write(tmp_path / "out" / "1.dcm", cleaned(ct_slice())[1])
    write(tmp_path / "in" / "readme.txt", b"no DICOM here")
    assert run(["verify", str(tmp_path / "out"), "--against", str(tmp_path / "in")]) != 0
    assert "source" in "".join(capsys.readouterr()).lower()


# --- what verify() does not see ----------------------------------------------------------------------------


def _checked_after(change, profile: Profile = BASIC) -> set[str]:
    content = to_bytes(ct_slice())
    source = parse(content)
    made = plan(source, Recipe(profile), KEYRING)
    output = apply(source, made)
    change(output)
    _, findings = verify(encoded(output), "name", content, made)
    return {f.code for f in findings if f.severity is Severity.ERROR}


def test_verify_notices_the_implementation_of_the_source() -> None:
    """(0002,0012) and (0002,0013) are only allowed, not compared (PS3.15 E.1.1 step 7)."""

    def keep(output) -> None:
        output.file_meta.ImplementationClassUID = uid(5, 5)
        output.file_meta.ImplementationVersionName = "SITE_PACS_1"

    assert _checked_after(keep)


def test_verify_notices_another_transfer_syntax() -> None:
    """An uncompressed data set that calls itself RLE cannot be decoded by anybody."""

    def relabel(output) -> None:
        output.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.5"

    assert _checked_after(relabel)


def test_verify_notices_another_value_representation() -> None:
    def relabel(output) -> None:
        put_raw(output, 0x00181210, "UN", output["ConvolutionKernel"].value.encode())

    assert _checked_after(relabel)


@pytest.mark.parametrize("content", [b"", b"no DICOM" * 40])
def test_verify_returns_a_finding_for_what_is_no_dicom(content) -> None:
    """InvalidDicomError and zlib.error are not among CONVERSION_ERRORS and leave verify()."""
    source = to_bytes(ct_slice())
    made = plan(parse(source), Recipe(BASIC), KEYRING)
    assert {f.code for f in verify(content, "name", source, made)[1]} == {"unreadable"}


# --- instances that are spoiled ----------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["SpecialNeeds", "PreMedication"])
def test_a_cleaned_text_is_not_swept_from_itself(keyword) -> None:
    """plan._take() gathers a QUASI text that will be CLEANed as a phrase, so nothing is left of it."""
    dataset = ct_slice()
    setattr(dataset, keyword, "contrast chest")
    profile = Profile("p", frozenset((Option.RETAIN_PATIENT_CHARACTERISTICS,)))
    written = dcmread(io.BytesIO(cleaned(dataset, profile)[1]))
    assert written.get(keyword) == "contrast chest"


def test_the_length_of_a_replaced_document_is_right() -> None:
    """(0042,0015) keeps the length of the document that was replaced (PS3.3 C.24.2)."""
    written = dcmread(io.BytesIO(cleaned(pdf())[1]))
    length = written.EncapsulatedDocumentLength
    assert len(written.EncapsulatedDocument) - length in (0, 1)


@pytest.mark.parametrize("left", [b"\x10", b"\xe0\x7f\x10", b"\xe0\x7f\x10\0OW\0"])
def test_a_file_that_ends_inside_the_head_of_an_element_is_held(left) -> None:
    """parse() looks at values only; pydicom drops up to seven bytes, and the pixels with them."""
    dataset = ct_slice()
    del dataset.PixelData
    with pytest.raises(DeidError):
        parse(to_bytes(dataset) + left)


def test_a_code_of_type_1_is_not_emptied_by_the_sweep() -> None:
    """sweep._swept() empties CS whatever its Type, and tells neither `types` nor the checker."""
    dataset = ct_slice()
    dataset.PatientName = "IDENTITY^MONOCHROME2"
    made, output, findings = cleaned(dataset)
    assert [f for f in findings if f.severity is Severity.ERROR] == []
    assert dcmread(io.BytesIO(output)).PhotometricInterpretation == "MONOCHROME2"
    assert made.patient


def test_a_date_of_the_study_in_an_unlisted_text_is_taken_out() -> None:
    """The sweep knows names and identifiers only, the checker dates too: every such file is held."""
    dataset = ct_slice()
    dataset.SoftwareVersions = f"VB20A {OSWALDINE.day}"
    _, output, findings = cleaned(dataset)
    assert OSWALDINE.day.encode() not in output
    assert findings == ()


def test_safe_private_elements_stay_in_implicit_vr() -> None:
    """Without a VR in the file decide._private() removes what Table E.3.10-1 names as safe."""
    dataset = ct_slice()
    block = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
    block.add_new(0x23, "DS", "1.5")
    made, _, _ = cleaned(
        dataset, Profile("p", frozenset((Option.RETAIN_SAFE_PRIVATE,))), syntax="implicit little"
    )
    actions = {d.path[0]: d.action for d in made.decisions if d.path[0] & 0x10000}
    assert set(actions.values()) == {Action.KEEP}


@pytest.mark.parametrize(
    ("selector", "value"),
    [("Rows", "12"), ("PatientName", "张三"), ("SliceThickness", "abc"), ("PixelData", "x")],
)
def test_a_replacement_that_cannot_be_written_says_so(selector, value, tmp_path) -> None:
    """A person's replace:VALUE must be converted to the VR, or refused in a sentence before it starts."""
    dataset = ct_slice()
    path = write(tmp_path / "in.dcm", to_bytes(dataset))
    profile = Profile("p", overrides=(Override(selector, Action.REPLACE, value),))
    result = run_instance(Task(instance_of(path, dataset), Recipe(profile), KEYRING, tmp_path / "out"))
    if isinstance(result, Held):
        assert not any(word in result.reason for word in ("Error", "not hold the value", "not valid DICOM"))


def test_a_profile_with_several_options_can_be_saved(tmp_path) -> None:
    """msgspec sorts sets for order="deterministic", and members of an Enum cannot be compared."""
    profile = Profile(
        "Ours", frozenset(list(Option)[:3]), (Override("PatientName", Action.REPLACE, "张"),), True
    )
    write_profile(profile, tmp_path / "p.json")
    assert read_profile(tmp_path / "p.json") == profile


# --- the output folder and many workers --------------------------------------------------------------------


def test_one_held_instance_does_not_take_the_folder_from_another(tmp_path) -> None:
    """Unfinished.__exit__ removes “empty” folders in which another worker has a nameless file."""
    with Unfinished(tmp_path, "ANON/ST/a.dcm") as first:
        first.write(b"first")
        with Unfinished(tmp_path, "ANON/ST/b.dcm") as second:
            second.write(b"second")
        first.publish(replace_existing=False)
    assert (tmp_path / "ANON/ST/a.dcm").read_bytes() == b"first"


def test_the_folder_that_a_person_chose_is_not_removed(tmp_path) -> None:
    """When every instance is held, Unfinished.__exit__ also removes the destination itself."""
    destination = tmp_path / "chosen"
    destination.mkdir()
    with Unfinished(destination, "ANON/ST/a.dcm") as one:
        one.write(b"x")
    assert destination.is_dir()


def test_a_destination_below_the_folder_that_was_opened_is_refused(tmp_path) -> None:
    """Only the folders that hold files are looked at: /study/out is accepted beside /study/ct/1.dcm."""
    write(tmp_path / "study" / "ct" / "1.dcm", to_bytes(ct_slice()))
    write(tmp_path / "study" / "us" / "2.dcm", to_bytes(ct_slice(number=2)))
    with pytest.raises(UnsafeDestination):
        check_destination(job(tmp_path / "study", tmp_path / "study" / "out"))


def test_the_probe_of_the_destination_destroys_no_file(tmp_path) -> None:
    write(tmp_path / "in" / "1.dcm", to_bytes(ct_slice()))
    mine = write(tmp_path / "out" / ".deid-write-test", b"mine")
    check_destination(job(tmp_path / "in", tmp_path / "out"))
    assert mine.read_bytes() == b"mine"


class DyingExecutor:
    """An executor whose second worker dies (out of memory, killed)."""

    def __init__(self) -> None:
        self.count = 0

    def submit(self, function, /, *arguments):
        from concurrent.futures.process import BrokenProcessPool

        self.count += 1
        future: Future = Future()
        if self.count == 2:
            future.set_exception(BrokenProcessPool("a worker died"))
        else:
            future.set_result(function(*arguments))
        return future


def test_a_worker_that_dies_holds_its_instance_and_the_report_is_written(tmp_path) -> None:
    """batch._run() lets BrokenProcessPool out: no report, and a stack trace on the command line."""
    for number in (1, 2, 3):
        write(tmp_path / "in" / f"{number}.dcm", to_bytes(ct_slice(number=number)))
    report = export(job(tmp_path / "in", tmp_path / "out"), executor=DyingExecutor())
    assert len(report.instances) == 3
    assert report.counts["held"] == 1


def test_cleaning_nothing_is_no_success(tmp_path, capsys) -> None:
    """An empty folder, or one folder too deep: exit code 0 looks like “all done”."""
    (tmp_path / "in").mkdir()
    assert run(["clean", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) != 0
    assert os.listdir(tmp_path) != []
    assert "".join(capsys.readouterr())


def test_the_checker_does_not_trust_a_cleaned_text(monkeypatch) -> None:
    """residue._allowed() took what CLEAN made of the original for a new value, whatever was left in it."""
    from viewer.rules import values

    monkeypatch.setattr(values, "clean_text", lambda text, known, site: text)
    dataset = ct_slice()
    dataset.StudyDescription = "CT chest QUENBERT"
    profile = Profile("p", frozenset((Option.CLEAN_DESCRIPTORS,)))
    _, output, findings = cleaned(dataset, profile)
    assert b"QUENBERT" in output
    assert "identity-left" in {f.code for f in findings}


def test_nobody_can_keep_what_would_break_the_file() -> None:
    dataset = ct_slice()
    put_raw(dataset, 0x00080000, "UL", b"\4\0\0\0")
    profile = Profile("p", overrides=(Override("(0008,0000)", Action.KEEP),))
    made, _, findings = cleaned(dataset, profile)
    assert {d.path: d.action for d in made.decisions}[0x00080000,] is Action.REMOVE
    assert findings == ()


def test_a_source_that_cannot_be_read_is_a_finding(tmp_path) -> None:
    """recheck() left such a source out and said that nothing was found."""
    dataset = ct_slice()
    source = write(tmp_path / "in" / "1.dcm", to_bytes(dataset))
    write(tmp_path / "out" / "1.dcm", cleaned(dataset)[1])
    instance = instance_of(source, dataset)
    source.write_bytes(b"changed")
    codes = {f.code for c in recheck(tmp_path / "out", [instance]) for f in c.findings}
    assert codes == {"source-unread"}


def test_an_element_of_no_known_vr_and_without_an_end_holds(tmp_path) -> None:
    """pydicom converts such an element when it is only looked at, and raises NotImplementedError."""
    made = ct_slice()
    content = to_bytes(made)
    at = content.rindex(b"\xe0\x7f\x10\x00OW")
    broken = content[: at + 4] + b"On\xff\xff" + content[at + 8 :]
    source = write(tmp_path / "in" / "a.dcm", broken)
    report = run_instance(Task(instance_of(source, made), Recipe(Profile("basic")), KEYRING, tmp_path))
    assert isinstance(report, Held)
    assert "could not be processed" not in report.reason
