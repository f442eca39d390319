"""Drawings over images under Clean Graphics: texts, names of layers, curves, lines drawn by hand."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import KEYRING, ct_slice, item, presentation_state, put_raw, segmentation, to_bytes
from tests.outside import dciodvfy
from tests.rules.test_structured import cleaned, cleaned_bytes
from viewer.dicom.decisions import Severity
from viewer.dicom.parsing import parse
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Profile, Recipe

GRAPHICS, DESCRIPTORS = Option.CLEAN_GRAPHICS, Option.CLEAN_DESCRIPTORS
LINE = [1.0, 2.0, 3.0, 4.0]


def drawn(text: str = "QUENBERT left lung", points: list[float] | None = None, **layer: str) -> Dataset:
    """Return a presentation state with a text, a line and a group, all in one layer."""
    made = presentation_state()
    annotation = made.GraphicAnnotationSequence[0]
    annotation.TextObjectSequence[0].UnformattedTextValue = text
    line = points or LINE
    annotation.GraphicObjectSequence = Sequence(
        [
            item(
                GraphicAnnotationUnits="PIXEL",
                GraphicDimensions=2,
                NumberOfGraphicPoints=len(line) // 2,
                GraphicData=line,
                GraphicType="POLYLINE",
                GraphicFilled="N",
            )
        ]
    )
    made.GraphicGroupSequence = Sequence(
        [item(GraphicGroupID=1, GraphicGroupLabel="Smithberg", GraphicGroupDescription="lung of Smithberg")]
    )
    for keyword, value in layer.items():
        setattr(made.GraphicLayerSequence[0], keyword, value)
    return made


@pytest.mark.parametrize(
    ("options", "text"),
    [((GRAPHICS, DESCRIPTORS), "left lung"), ((GRAPHICS,), "REMOVED"), ((DESCRIPTORS,), None), ((), None)],
)
def test_texts_beside_drawings(options, text) -> None:
    made = cleaned(drawn(), *options)
    annotation = made.GraphicAnnotationSequence[0]
    assert "uenbert" not in str(made).lower()
    if text is None:
        assert LINE not in [list(o.GraphicData) for o in annotation.get("GraphicObjectSequence", ())]
    else:
        assert annotation.TextObjectSequence[0].UnformattedTextValue == text
        assert list(annotation.GraphicObjectSequence[0].GraphicData) == LINE


def test_compound_graphics_lose_the_labels_of_their_ticks() -> None:
    source = drawn()
    source.GraphicAnnotationSequence[0].CompoundGraphicSequence = Sequence(
        [
            item(
                CompoundGraphicInstanceID=1,
                CompoundGraphicUnits="PIXEL",
                CompoundGraphicType="RULER",
                GraphicData=LINE,
                MajorTicksSequence=Sequence([item(TickPosition=0.5, TickLabel="Smithberg")]),
            )
        ]
    )
    made = cleaned(source, GRAPHICS)
    assert "mithberg" not in str(made)
    assert made.GraphicAnnotationSequence[0].CompoundGraphicSequence[0].CompoundGraphicType == "RULER"


@pytest.mark.parametrize("options", [(), (GRAPHICS,), (DESCRIPTORS,), (GRAPHICS, DESCRIPTORS)])
def test_names_that_a_person_gave_to_things_go(options) -> None:
    source = drawn(GraphicLayerDescription="findings of Smithberg")
    source.ContentLabel, source.ContentDescription = "SMITHBERG", "for Mrs Smithberg"
    made = cleaned(source, *options)
    assert "smithberg" not in str(made).lower()
    assert made.ContentLabel


def test_harmless_names_stay() -> None:
    source = presentation_state()
    source.ContentLabel, source.ContentDescription = "LUNG", "left lung"
    made = cleaned(source)
    assert (made.ContentLabel, made.ContentDescription) == ("LUNG", "left lung")
    assert cleaned(segmentation()).SegmentSequence


def test_a_layer_has_one_new_name_everywhere() -> None:
    source = drawn(GraphicLayer="SMITHBERG_1")
    source.GraphicAnnotationSequence[0].GraphicLayer = "SMITHBERG_1"
    made = cleaned(source, GRAPHICS)
    name = made.GraphicLayerSequence[0].GraphicLayer
    assert name == made.GraphicAnnotationSequence[0].GraphicLayer
    assert name.startswith("LAYER_")
    assert len(name) <= 16


@pytest.mark.parametrize("options", [(), (GRAPHICS,)])
def test_curves_go_with_their_sequences(options) -> None:
    source = ct_slice()
    put_raw(source, 0x50003000, "OW", b"\1\2")
    source.add_new(0x50002600, "SQ", Sequence([item(ReferencedSOPInstanceUID="1.2.3")]))
    assert [t for t in cleaned(source, *options) if t.tag.group == 0x5000] == []


def test_annotations_that_go_leave_a_point_in_a_layer_that_there_is() -> None:
    source = drawn(GraphicLayer="SMITHBERG_1")
    made = cleaned(source)
    (annotation,) = made.GraphicAnnotationSequence
    assert annotation.GraphicLayer == made.GraphicLayerSequence[0].GraphicLayer
    assert [(o.GraphicType, list(o.GraphicData)) for o in annotation.GraphicObjectSequence] == [
        ("POINT", [1, 1])
    ]


@pytest.mark.skipif(not dciodvfy.installed(), reason="dciodvfy (dicom3tools) is not installed.")
@pytest.mark.parametrize("options", [(), (GRAPHICS,), (GRAPHICS, DESCRIPTORS)])
def test_the_presentation_state_stays_valid(options, tmp_path: Path) -> None:
    before, after = tmp_path / "before.dcm", tmp_path / "after.dcm"
    before.write_bytes(to_bytes(drawn()))
    after.write_bytes(cleaned_bytes(before.read_bytes(), *options))
    assert dciodvfy.unexplained(before, after) == []


def warnings_of(source: Dataset, *options: Option) -> list[str]:
    made = plan(parse(to_bytes(source)), Recipe(Profile("p", frozenset(options))), KEYRING)
    return [f.code for f in made.findings if f.severity is Severity.WARNING]


def test_long_open_lines_are_told_of() -> None:
    scribble = [float(n * n % 61) for n in range(100)]
    assert warnings_of(drawn(points=scribble), GRAPHICS) == ["drawn-lines"]
    assert warnings_of(drawn(points=[*scribble, *scribble[:2]]), GRAPHICS) == []  # closed: an outline
    assert warnings_of(drawn(), GRAPHICS) == []
    assert warnings_of(drawn(points=scribble)) == []  # goes anyway
