"""The tree of a report under Clean Structured Content: by concept, kind of value and coding scheme."""

import io
import warnings
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import KEYRING, OSWALDINE, code, ecg, item, report, to_bytes, uid
from tests.outside import dciodvfy
from viewer.dicom.decisions import Action, Severity
from viewer.release.apply import apply
from viewer.release.run import encoded, parse
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Profile, Recipe

STRUCTURED = Option.CLEAN_STRUCTURED_CONTENT
BOTH = (STRUCTURED, Option.CLEAN_DESCRIPTORS)
ITEM = (0x0040A730, 0)


def content(kind: str, concept: Sequence | None, **values: object) -> Dataset:
    """Return one content item."""
    made = item(RelationshipType="CONTAINS", ValueType=kind, **values)
    if concept is not None:
        made.ConceptNameCodeSequence = concept
    return made


def with_content(*items: Dataset) -> Dataset:
    """Return a report whose tree holds these items."""
    made = report()
    made.ContentSequence = Sequence(list(items))
    return made


def cleaned(dataset: Dataset, *options: Option) -> Dataset:
    """Return what is written, read again; fails unless the checker is content."""
    return dcmread(io.BytesIO(cleaned_bytes(to_bytes(dataset), *options)))


def cleaned_bytes(source: bytes, *options: Option) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = parse(source)
        made = plan(before, Recipe(Profile("p", frozenset(options))), KEYRING)
        assert not [f for f in made.findings if f.severity is Severity.ERROR]
        output = encoded(apply(before, made))
        wrong = verify(output, "IM.dcm", source, made)[1]
    assert not [f for f in wrong if f.severity is Severity.ERROR]
    return output


def one(kind: str, concept: Sequence | None, *options: Option, **values: object) -> Dataset:
    """Return the cleaned form of a single content item."""
    return cleaned(with_content(content(kind, concept, **values)), *options).ContentSequence[0]


# --- text --------------------------------------------------------------------------------------------------

FINDING = ("121071", "DCM", "Finding")


@pytest.mark.parametrize(
    ("concept", "options", "text", "left"),
    [
        (FINDING, BOTH, "small nodule, Dr. Wolframsen", "small nodule"),
        (FINDING, (STRUCTURED,), "small nodule", "REMOVED"),  # C needs Clean Descriptors
        (FINDING, BOTH, "Xqzw Vbnk", "REMOVED"),  # nothing harmless in it
        (("99-1", "99HOSP", "Finding"), (STRUCTURED,), "small nodule Xqzw", "small nodule"),
        (("121022", "DCM", "Accession Number"), BOTH, "ACC-99812", "REMOVED"),
        (("121009", "DCM", "Person Observer's Organization Name"), BOTH, "Lung Hospital", "REMOVED"),
        (("121020", "DCM", "Placer Number"), BOTH, "lung", "REMOVED"),
        (("121008", "DCM", "Person Observer Name"), BOTH, "Hand", "REMOVED"),  # a name given as a text
        (("7", "99HOSP", "Reporting radiologist"), BOTH, "Dr Hand", "REMOVED"),
        (("DD-60002", "SRT", "Complication of Procedure"), BOTH, "small nodule", "small nodule"),
        (("DD-60002", "SRT", "Complication of Procedure"), (STRUCTURED,), "small nodule", "REMOVED"),
    ],
)  # fmt: skip
def test_text_by_its_concept(concept, options, text, left) -> None:
    assert one("TEXT", code(*concept), *options, TextValue=text).TextValue == left


@pytest.mark.parametrize(
    ("concept", "option"),
    [
        (("113877", "DCM", "Device Name"), Option.RETAIN_DEVICE_IDENTITY),
        (("110119", "DCM", "Station AE Title"), Option.RETAIN_DEVICE_IDENTITY),
        (("113873", "DCM", "Organization Name"), Option.RETAIN_INSTITUTION_IDENTITY),
    ],
)
def test_text_that_an_option_retains(concept, option) -> None:
    assert one("TEXT", code(*concept), STRUCTURED, option, TextValue="Ward 7 unit").TextValue == "Ward 7 unit"
    assert one("TEXT", code(*concept), STRUCTURED, TextValue="Ward 7 unit").TextValue == "REMOVED"


def test_text_without_a_concept_name_is_cleaned() -> None:
    assert one("TEXT", None, STRUCTURED, TextValue="small nodule Xqzw").TextValue == "small nodule"


def test_findings_that_are_followed_keep_names_of_their_own() -> None:
    tracking = ("112039", "DCM", "Tracking Identifier")
    many = [content("TEXT", code(*tracking), TextValue=t) for t in ("Smith1", "Smith2", "Smith1", "nodule 1")]
    left = [i.TextValue for i in cleaned(with_content(*many), *BOTH).ContentSequence]
    assert left[0] == left[2] != left[1]
    assert left[3] == "nodule 1"
    assert "mith" not in "".join(left)


def test_everything_in_a_container_that_goes_goes() -> None:
    inner = content("TEXT", code("1", "99HOSP", "Note"), TextValue="lung")
    box = content(
        "CONTAINER", code("121000", "DCM", "Unique Device Identifiers"), ContinuityOfContent="SEPARATE"
    )
    box.ContentSequence = Sequence([inner])
    assert cleaned(with_content(box), *BOTH).ContentSequence[0].ContentSequence[0].TextValue == "REMOVED"
    kept = cleaned(with_content(box), *BOTH, Option.RETAIN_DEVICE_IDENTITY)
    assert kept.ContentSequence[0].ContentSequence[0].TextValue == "lung"


# --- names, UIDs, dates ------------------------------------------------------------------------------------


def test_people_get_a_stand_in_and_the_patient_the_pseudonym() -> None:
    made = cleaned(
        with_content(
            content("PNAME", code("121008", "DCM", "Person Observer Name"), PersonName="WOLFRAMSEN^ADA"),
            content("PNAME", code("121029", "DCM", "Subject Name"), PersonName=OSWALDINE.name),
            content("TEXT", code("121030", "DCM", "Subject ID"), TextValue=OSWALDINE.identifier),
        ),
        *BOTH,
    )
    people = [str(i.get("PersonName", i.get("TextValue"))) for i in made.ContentSequence]
    assert people == ["Anonymous", str(made.PatientName), made.PatientID]


def test_a_name_in_the_tree_is_taken_out_of_every_text() -> None:
    made = cleaned(
        with_content(
            content("PNAME", code("1", "99X", "Seen with"), PersonName="ZZYXBERG^LUNGA"),
            content("CODE", code("2", "99X", "Finding"), ConceptCodeSequence=code("1", "DCM", "zzyxberg")),
        ),
        *BOTH,
    )
    assert "zzyx" not in str(made).lower()


@pytest.mark.parametrize(
    ("concept", "options", "kept"),
    [
        (("112040", "DCM", "Tracking Unique Identifier"), (), False),
        (("112040", "DCM", "Tracking Unique Identifier"), (Option.RETAIN_UIDS,), True),
        (("121012", "DCM", "Device Observer UID"), (Option.RETAIN_DEVICE_IDENTITY,), True),
        (("1", "99X", "Something"), (Option.RETAIN_UIDS,), False),  # Table E.1-1: no option for (0040,A124)
    ],
)
def test_uids_by_their_concept(concept, options, kept) -> None:
    made = one("UIDREF", code(*concept), STRUCTURED, *options, UID=uid(5, 5))
    assert (uid(5, 5) if kept else KEYRING.uid(uid(5, 5))) == made.UID


STUDY_DATE, BORN = ("111060", "DCM", "Study Date"), ("121031", "DCM", "Subject Birth Date")
LOCAL_BORN = ("7", "99HOSP", "Date of birth")


@pytest.mark.parametrize(
    ("concept", "option", "expected"),
    [
        (STUDY_DATE, Option.RETAIN_FULL_DATES, "20240517"),
        (STUDY_DATE, None, "19000101"),
        (BORN, Option.RETAIN_FULL_DATES, "19000101"),
        (BORN, Option.RETAIN_MODIFIED_DATES, "19000101"),
        (LOCAL_BORN, Option.RETAIN_FULL_DATES, "19000101"),
        (("7", "99HOSP", "Some day"), Option.RETAIN_FULL_DATES, "20240517"),
    ],
)
def test_dates_by_their_concept(concept, option, expected) -> None:
    options = (STRUCTURED, *((option,) if option else ()))
    assert one("DATE", code(*concept), *options, Date="20240517").Date == expected


def test_dates_of_a_tree_move_with_the_dates_of_the_header() -> None:
    times = with_content(
        content("DATE", code(*STUDY_DATE), Date=OSWALDINE.day),
        content("DATETIME", code("113809", "DCM", "Start of X-Ray Irradiation"), DateTime="20240517101112"),
        content("TIME", code("111061", "DCM", "Study Time"), Time="101112"),
        content(
            "TCOORD", code("1", "99X", "When"), TemporalRangeType="POINT", ReferencedDateTime="20240517101112"
        ),
    )
    made = cleaned(times, STRUCTURED, Option.RETAIN_MODIFIED_DATES)
    day, moment, hour, range_ = made.ContentSequence
    assert day.Date == made.StudyDate != OSWALDINE.day
    assert moment.DateTime == f"{made.StudyDate}101112" == range_.ReferencedDateTime
    assert hour.Time == "101112"


# --- codes and numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("concept", "value", "stays"),
    [
        (FINDING, ("27925004", "SCT", "Nodule"), True),
        (("363698007", "SCT", "Finding Site"), ("39607008", "SCT", "Lung"), True),
        (FINDING, ("17", "99HOSP", "small nodule"), True),
        (FINDING, ("SMX", "99HOSP", "Smithberg"), False),
        (FINDING, ("SMITHBERG", "99HOSP", "nodule"), False),
        (FINDING, ("SMX", "L", "Smithberg"), False),
        (("121114", "DCM", "Performing Physician"), ("17", "99HOSP", "Hand"), False),
        (("7", "99HOSP", "Reporting radiologist"), ("17", "99HOSP", "Hand"), False),
        (("128774", "DCM", "Person Observer's Role"), ("121097", "DCM", "Recording"), True),
        (("121032", "DCM", "Subject Sex"), ("F", "DCM", "Female"), False),
    ],
)
def test_codes_by_scheme_and_concept(concept, value, stays) -> None:
    left = one("CODE", code(*concept), *BOTH, ConceptCodeSequence=code(*value)).ConceptCodeSequence[0]
    assert (left.CodeValue == value[0]) is stays
    assert (left.CodeMeaning == value[2]) is stays


def test_names_in_local_concept_names_go() -> None:
    left = one("TEXT", code("7", "99HOSP", "Impression Smithberg"), *BOTH, TextValue="lung")
    assert left.ConceptNameCodeSequence[0].CodeMeaning == "Impression"
    assert left.ConceptNameCodeSequence[0].CodeValue == "7"


def measured(number: str, unit: str) -> dict:
    return {
        "MeasuredValueSequence": Sequence(
            [item(NumericValue=number, MeasurementUnitsCodeSequence=code(unit, "UCUM", unit))]
        )
    }


AGE = ("121033", "DCM", "Subject Age")


@pytest.mark.parametrize(
    ("concept", "number", "unit", "options", "left"),
    [
        (("410668003", "SCT", "Length"), "93", "mm", (), 93),
        (AGE, "40", "a", (), None),
        (AGE, "40", "a", (Option.RETAIN_PATIENT_CHARACTERISTICS,), 40),
        (AGE, "93", "a", (Option.RETAIN_PATIENT_CHARACTERISTICS,), 90),
        (AGE, "1200", "mo", (Option.RETAIN_PATIENT_CHARACTERISTICS,), 90),
        (AGE, "93", "furlong", (Option.RETAIN_PATIENT_CHARACTERISTICS,), 90),
        (("7", "99HOSP", "Patient's age"), "40", "a", (), None),
        (("7", "99HOSP", "Bone age"), "12", "a", (), 12),
        (("C54627", "NCIt", "Experience"), "31", "a", (), None),
    ],
)  # fmt: skip
def test_numbers_stay_but_ages_only_by_option(concept, number, unit, options, left) -> None:
    made = one("NUM", code(*concept), STRUCTURED, *options, **measured(number, unit))
    found = [float(i.NumericValue) for i in made.MeasuredValueSequence]
    assert found == ([] if left is None else [left])


def test_references_lead_to_the_same_instance_as_in_the_evidence() -> None:
    made = cleaned(report(), STRUCTURED)
    text = made.ContentSequence[1].ContentSequence[0]
    image = text.ContentSequence[0].ReferencedSOPSequence[0]
    assert image.ReferencedSOPInstanceUID == KEYRING.uid(f"{OSWALDINE.study}.1.1")
    evidence = made.CurrentRequestedProcedureEvidenceSequence[0]
    assert evidence.StudyInstanceUID == made.StudyInstanceUID


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
