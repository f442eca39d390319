"""Reports in the real window: in English and in Chinese, whole and cleaned, before and after."""

from pathlib import Path

import pytest
from pydicom.sequence import Sequence

from tests.factories import code, item, report, to_bytes, write
from tests.looks.test_looks import settled, window  # noqa: F401
from viewer.rules.recipe import Option, Profile

BOTH = frozenset((Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_DESCRIPTORS))


def long_report():
    made = report()
    findings = made.ContentSequence[1].ContentSequence
    findings.append(
        item(
            RelationshipType="CONTAINS",
            ValueType="NUM",
            ConceptNameCodeSequence=code("81827009", "SCT", "Diameter"),
            MeasuredValueSequence=Sequence(
                [item(NumericValue="7", MeasurementUnitsCodeSequence=code("mm", "UCUM", "millimeter"))]
            ),
        )
    )
    findings.append(
        item(
            RelationshipType="CONTAINS",
            ValueType="TEXT",
            ConceptNameCodeSequence=code("121077", "DCM", "Conclusion"),
            TextValue="Small nodule in the right upper lobe of the lung, unchanged.\nNo pleural effusion.\n"
            "Compared with the examination of Mrs Quenbert of 12 March 2023 by Dr. Ada Wolframsen, the heart "
            "is of normal size and the mediastinum is not enlarged.",
        )
    )
    return made


def chinese_report():
    made = report()
    made.SpecificCharacterSet = "GB18030"
    made.PatientName = "Zhang^Xinyi=张^心怡"
    made.ConceptNameCodeSequence[0].CodeMeaning = "影像诊断报告"
    made.ContentSequence[0].PersonName = "Li^Ming=李^明"
    text = made.ContentSequence[1].ContentSequence[0]
    text.ConceptNameCodeSequence[0].CodeMeaning = "所见"
    text.TextValue = "患者张心怡，右肺上叶结节，大小约5mm。报告医师：李明，2024年5月17日。"
    return made


def shown(qtbot, window, tmp_path: Path, made, options=frozenset()) -> None:  # noqa: F811
    window.workspace.set_profile(Profile("p", options))
    window.open_paths([write(tmp_path / "report.dcm", to_bytes(made))])
    qtbot.waitUntil(lambda: window.tags.model.rowCount() > 0)
    settled(qtbot, window)
    assert window.images.report.isVisible()


def test_a_report_that_goes_whole(qtbot, window, grab, tmp_path) -> None:  # noqa: F811
    shown(qtbot, window, tmp_path, long_report())
    window.images.set_view(2)
    settled(qtbot, window)
    grab(window, "50-report-goes")


@pytest.mark.parametrize(("name", "make"), [("english", long_report), ("chinese", chinese_report)])
def test_a_report_that_is_cleaned(qtbot, window, grab, tmp_path, name, make) -> None:  # noqa: F811
    shown(qtbot, window, tmp_path, make(), BOTH)
    grab(window, f"51-report-{name}-before")
    window.images.set_view(1)
    settled(qtbot, window)
    grab(window, f"51-report-{name}-after")
    window.images.set_view(2)
    settled(qtbot, window)
    grab(window, f"51-report-{name}-both")
    window.set_masked(True)
    window.set_dark(True)
    settled(qtbot, window)
    grab(window, f"52-report-{name}-masked-dark")
    window.set_dark(False)
