"""Whole reports under Clean Structured Content: key objects, doses, planted names, validity."""

from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import KEYRING, OSWALDINE, code, ecg, item, report, to_bytes, uid
from tests.outside import dciodvfy
from tests.rules.test_structured import (
    BOTH,
    FINDING,
    ITEM,
    STRUCTURED,
    cleaned,
    cleaned_bytes,
    content,
    measured,
    with_content,
)
from viewer.dicom.decisions import Action
from viewer.dicom.parsing import parse
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Profile, Recipe

# --- documents of their own kind ---------------------------------------------------------------------------


def key_objects() -> Dataset:
    """Return a Key Object Selection: a document title, a description, and the images chosen."""
    made = report()
    made.SOPClassUID, made.Modality = "1.2.840.10008.5.1.4.1.1.88.59", "KO"
    made.ReferencedPerformedProcedureStepSequence = Sequence([])
    made.ConceptNameCodeSequence = code("113000", "DCM", "Of Interest")
    for keyword in ("VerifyingObserverSequence", "CompletionFlag", "VerificationFlag"):
        delattr(made, keyword)
    reference = item(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=f"{OSWALDINE.study}.1.2"
    )
    made.ContentSequence = Sequence(
        [
            content(
                "TEXT", code("113012", "DCM", "Key Object Description"), TextValue="nodule, Mrs Quenbert"
            ),
            content("IMAGE", None, ReferencedSOPSequence=Sequence([reference])),
        ]
    )
    return made


@pytest.mark.parametrize(("options", "text"), [((STRUCTURED,), "REMOVED"), (BOTH, "nodule")])
def test_key_objects_still_point_to_their_images(options, text) -> None:
    made = cleaned(key_objects(), *options)
    description, image = made.ContentSequence
    assert description.TextValue == text
    chosen = image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    series = made.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert (
        chosen
        == series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        == KEYRING.uid(f"{OSWALDINE.study}.1.2")
    )


def dose_report() -> Dataset:
    """Return a radiation dose report: people, devices, an irradiation event with its measurements."""
    event = content("CONTAINER", code("113706", "DCM", "Irradiation Event X-Ray Data"))
    event.ContinuityOfContent = "SEPARATE"
    event.ContentSequence = Sequence(
        [
            content("UIDREF", code("113769", "DCM", "Irradiation Event UID"), UID=uid(6, 1)),
            content("DATETIME", code("111526", "DCM", "DateTime Started"), DateTime="20240517101112"),
            content("TEXT", code("113605", "DCM", "Irradiation Event Label"), TextValue="Xqzw 1"),
            content("TEXT", code("125203", "DCM", "Acquisition Protocol"), TextValue="chest Xqzw"),
            content("NUM", code("113733", "DCM", "KVP"), **measured("80", "kV")),
        ]
    )
    made = with_content(
        content("PNAME", code("113850", "DCM", "Irradiation Authorizing"), PersonName="XQZW^A"),
        content("TEXT", code("121013", "DCM", "Device Observer Name"), TextValue="XQZW-ROOM"),
        content("TEXT", code("121016", "DCM", "Device Observer Serial Number"), TextValue="SN-44871"),
        event,
    )
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.67"
    return made


def test_a_dose_report_keeps_its_doses_and_nobody() -> None:
    made = cleaned(dose_report(), *BOTH, Option.RETAIN_MODIFIED_DATES)
    assert "xqzw" not in str(made).lower()
    assert "44871" not in str(made)
    event = made.ContentSequence[3].ContentSequence
    assert KEYRING.uid(uid(6, 1)) == event[0].UID
    assert event[1].DateTime == f"{made.StudyDate}101112"
    assert event[3].TextValue == "chest"
    assert event[4].MeasuredValueSequence[0].NumericValue == 80
    kept = cleaned(dose_report(), *BOTH, Option.RETAIN_DEVICE_IDENTITY)
    assert kept.ContentSequence[2].TextValue == "SN-44871"


# --- the whole tree ----------------------------------------------------------------------------------------


def planted() -> tuple[Dataset, list[str]]:
    """Return a report with a name of its own in every place of every kind of value, and the names."""
    words = [f"QZPLANT{n:02d}" for n in range(8)]
    own = code("X1", "99HOSP", words[0])
    number = content("NUM", code("2", "99HOSP", "Length"), **measured("5", "mm"))
    number.ConceptNameCodeSequence[0].CodeMeaning = f"Length {words[1]}"
    box = content("CONTAINER", code("3", "L", f"Report of {words[2]}"), ContinuityOfContent="SEPARATE")
    box.ContentSequence = Sequence(
        [
            content("TEXT", code("1", "99HOSP", "Note"), TextValue=f"nodule seen by {words[3]}"),
            content("PNAME", code("1", "99HOSP", "Who"), PersonName=f"{words[4]}^{words[5]}"),
            content("CODE", code("1", "99HOSP", "Finding"), ConceptCodeSequence=own),
            number,
        ]
    )
    made = with_content(box)
    made.VerifyingObserverSequence[0].VerifyingObserverName = f"{words[6]}^A"
    made.VerifyingObserverSequence[0].VerifyingOrganization = words[7]
    return made, words


@pytest.mark.parametrize("options", [(), (STRUCTURED,), BOTH, (STRUCTURED, Option.RETAIN_DEVICE_IDENTITY)])
def test_no_planted_name_is_left(options) -> None:
    source, words = planted()
    output = cleaned_bytes(to_bytes(source), *options).decode("latin-1")
    assert [word for word in words if word in output] == []


def test_the_tree_has_as_many_items_and_the_same_form_as_before() -> None:
    source, _ = planted()
    before, after = _shape(source), _shape(cleaned(source, *BOTH))
    assert before == after


def _shape(dataset: Dataset) -> list:
    return [(i.get("RelationshipType"), i.ValueType, _shape(i)) for i in dataset.get("ContentSequence", ())]


def test_a_name_that_is_a_word_of_the_form_does_not_break_the_tree() -> None:
    named = with_content(
        content("PNAME", code("1", "99X", "Who"), PersonName="TEXT^CONTAINS"),
        content("TEXT", code(*FINDING), TextValue="nodule"),
    )
    made = cleaned(named, *BOTH)
    assert [i.ValueType for i in made.ContentSequence] == ["PNAME", "TEXT"]
    assert made.ContentSequence[1].RelationshipType == "CONTAINS"


@pytest.mark.skipif(not dciodvfy.installed(), reason="dciodvfy (dicom3tools) is not installed.")
@pytest.mark.parametrize("options", [(STRUCTURED,), BOTH, (*BOTH, Option.RETAIN_MODIFIED_DATES)])
@pytest.mark.parametrize("name", ["planted", "test-SR.dcm", "reportsi.dcm"])
def test_the_tree_stays_valid(name, options, tmp_path: Path) -> None:
    before, after = tmp_path / "before.dcm", tmp_path / "after.dcm"
    path = None if name == "planted" else get_testdata_file(name, download=False)
    before.write_bytes(Path(str(path)).read_bytes() if path else to_bytes(planted()[0]))
    after.write_bytes(cleaned_bytes(before.read_bytes(), *options))
    assert dciodvfy.unexplained(before, after) == []


def test_a_concept_that_cannot_be_read_lets_nothing_stay() -> None:
    source = with_content(content("TEXT", code(*FINDING), TextValue="small nodule"))
    made = plan(_damaged(source), Recipe(Profile("p", frozenset(BOTH))), KEYRING)
    text = next(d for d in made.decisions if d.path == (*ITEM, 0x0040A160))
    assert (text.action, text.value) == (Action.REPLACE, "REMOVED")


def _damaged(source: Dataset) -> Dataset:
    made = parse(to_bytes(source))
    made.ContentSequence[0].add_new(0x0040A043, "LO", "not a sequence")
    return made


def test_annotations_of_a_waveform_are_cleaned() -> None:
    source = ecg()
    source.WaveformAnnotationSequence = Sequence(
        [item(UnformattedTextValue="normal rhythm, Dr. Wolframsen", ReferencedWaveformChannels=[1, 0])]
    )
    assert cleaned(source, *BOTH).WaveformAnnotationSequence[0].UnformattedTextValue == "normal rhythm"
    assert cleaned(source, STRUCTURED).WaveformAnnotationSequence[0].UnformattedTextValue == "REMOVED"
    assert "olframsen" not in str(cleaned(source))
