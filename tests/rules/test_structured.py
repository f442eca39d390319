"""The tree of a report under Clean Structured Content: by concept, kind of value and coding scheme."""

import io
import warnings

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import KEYRING, OSWALDINE, code, item, report, to_bytes, uid
from viewer.dicom.decisions import Severity
from viewer.dicom.parsing import parse
from viewer.release.apply import apply
from viewer.release.run import encoded
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
