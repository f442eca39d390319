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
