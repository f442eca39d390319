"""Where burned-in text is likely, by what the catalog knows."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.factories import KINDS, instance_of, to_bytes, write
from viewer.finders.risk import burned_in_risk


def catalogued(kind: str, folder: Path):
    dataset = KINDS[kind]()
    return instance_of(write(folder / f"{kind}.dcm", to_bytes(dataset)), dataset)


@pytest.mark.parametrize(
    ("kind", "likely"), [("CT", False), ("DX", False), ("US", True), ("SR", False), ("PDF", False)]
)
def test_by_class(tmp_path, kind, likely) -> None:
    risk = burned_in_risk(catalogued(kind, tmp_path))
    assert risk.likely is likely
    assert bool(risk.why) is likely


def test_by_attribute(tmp_path) -> None:
    ct = catalogued("CT", tmp_path)
    assert burned_in_risk(replace(ct, burned_in_annotation="yes ")).likely
    assert burned_in_risk(replace(ct, burned_in_annotation="NO")) == burned_in_risk(ct)
    assert burned_in_risk(replace(ct, photometric="RGB")).likely
    assert burned_in_risk(replace(ct, sop_class_uid="1.2.840.10008.5.1.4.1.1.7")).likely
    assert not burned_in_risk(replace(ct, photometric="RGB", frames=0)).likely
    assert not burned_in_risk(replace(ct, burned_in_annotation="YES", frames=0)).likely


@pytest.mark.parametrize(
    ("description", "image_type", "likely"),
    [
        ("Dose Report", ("DERIVED", "SECONDARY"), True),
        ("屏幕截图", ("DERIVED", "PRIMARY"), True),
        ("T1 3D MPRAGE", ("ORIGINAL", "PRIMARY"), False),
        ("performed later", ("DERIVED", "PRIMARY"), False),
    ],
)
def test_by_what_the_series_is_called(tmp_path, description: str, image_type, likely: bool) -> None:
    ct = replace(catalogued("CT", tmp_path), series_description=description, image_type=image_type)
    assert burned_in_risk(ct).likely is likely


def test_by_device(tmp_path) -> None:
    """A rule of the table that asks for model and description, on an image of any size."""
    ct = replace(
        catalogued("CT", tmp_path), model="SOMATOM Definition AS+", image_type=("DERIVED", "PRIMARY", "OTHER")
    )
    assert burned_in_risk(ct).likely
    assert burned_in_risk(ct).why == "Enhancement Curve"
    assert not burned_in_risk(replace(ct, model="Another")).likely
