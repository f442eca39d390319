"""Rules of the table and templates of staff: what fits an image, and that nothing tells of a patient."""

import json
import re
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from viewer.dicom.errors import BadSelector
from viewer.pixels.device_templates import (
    DeviceTemplate,
    TemplateShape,
    manners,
    matched,
    read_templates,
    template_of,
    write_templates,
)
from viewer.pixels.devices import _rules, device_facts, device_key, sector_proposal, table_proposals
from viewer.pixels.regions import Box, Ellipse, Fan, Polygon, Region, Scope, ScopeKind

SCOPE = Scope(ScopeKind.IMAGE, "1.2.3", 768, 1024)
SHAPES = [
    Box(1, 2, 30, 40),
    Ellipse(Box(5, 5, 50, 60)),
    Polygon(((1, 1), (50, 1), (50, 70))),
    Fan(((400, 20), (600, 20), (900, 600), (100, 600))),
]


def image(**values: object) -> Dataset:
    dataset = Dataset()
    dataset.set_original_encoding(False, True, "iso8859")
    dataset.Rows, dataset.Columns = 768, 1024
    dataset.PhotometricInterpretation = "RGB"
    dataset.PatientName, dataset.PatientID, dataset.DeviceSerialNumber = "DOE^JANE", "PID4711", "SN-99"
    dataset.SOPInstanceUID = "1.2.840.113619.2.5"
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def fulfilling(rule: dict[str, str]) -> Dataset:
    """A data set that meets every condition of a rule."""
    first = {key: str(value).split("|")[0] for key, value in rule.items() if value not in (None, "")}
    dataset = image(Modality=first.get("modality", "OT"))
    dataset.Manufacturer = first.get("manufacturer", "Maker")
    dataset.ManufacturerModelName = first.get("model", "Model")
    dataset.SeriesDescription = first.get("series_description", "")
    dataset.Rows = int(first.get("rows", 2592))
    dataset.Columns = int(first.get("columns", 2592))
    if "image_type" in first:
        dataset.ImageType = re.split(r"[+&\\]", first["image_type"])
    for part in str(rule["other_condition"] or "").split(" || ")[:1]:
        if found := re.fullmatch(r"(\w+) (?:contains|=) (.+)", part):
            setattr(dataset, found[1], found[2])
    return dataset


def known(rule: dict[str, str]) -> bool:
    words = str(rule["other_condition"] or "")
    return "CodeMeaning" not in words and "ImplementationVersion" not in words and "Overlay" not in words


@pytest.mark.parametrize("rule", [r for r in _rules() if known(r)], ids=lambda r: str(r["id"]))
def test_every_rule_fits_what_it_asks_for_and_nothing_else(rule: dict[str, str]) -> None:
    dataset = fulfilling(rule)
    boxes = {shape for p in table_proposals(device_facts(dataset)) if p.fits for shape in p.shapes}
    x0, y0, x1, y1 = (int(rule[name]) for name in ("x0", "y0", "x1", "y1"))
    expected = Box(x0, y0, x1 - x0, y1 - y0).clipped(dataset.Rows, dataset.Columns)
    assert expected in boxes
    for keyword, column in (("Manufacturer", "manufacturer"), ("ManufacturerModelName", "model")):
        if rule[column]:
            other = fulfilling(rule)
            setattr(other, keyword, "Nobody")
            found = table_proposals(device_facts(other))
            assert not any(p.name == rule["label"] and p.fits and expected in p.shapes for p in found)


def test_another_size_warns_and_does_not_fit() -> None:
    dataset = image(
        Modality="US", Manufacturer="SIEMENS", ManufacturerModelName="S2000", Rows=600, Columns=800
    )
    (proposal,) = [p for p in table_proposals(device_facts(dataset)) if p.name == "Siemens S2000"]
    assert not proposal.fits
    assert "another size" in proposal.warning
    assert [c.words for c in proposal.conditions if not c.met] == ["768 rows", "1024 columns"]


def test_two_letters_are_a_word() -> None:
    merge = image(Modality="US", Manufacturer="AGFA MERGE", ManufacturerModelName="LOGIQ9")
    assert not table_proposals(device_facts(merge))
    general = image(Modality="US", Manufacturer="GE Medical", ManufacturerModelName="LOGIQ9")
    assert table_proposals(device_facts(general))


def test_the_regions_of_an_ultrasound_image_are_offered_to_be_kept() -> None:
    item = Dataset()
    item.RegionLocationMinX0, item.RegionLocationMinY0 = 10, 20
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 900, 700
    proposal = sector_proposal(device_facts(image(SequenceOfUltrasoundRegions=[item])))
    assert proposal is not None
    assert proposal.keep
    assert proposal.shapes == (Box(10, 20, 891, 681),)
    item.RegionLocationMaxX1 = 5000
    assert sector_proposal(device_facts(image(SequenceOfUltrasoundRegions=[item]))) is None
    assert sector_proposal(device_facts(image())) is None


def test_damaged_headers_raise_nothing() -> None:
    dataset = image(SequenceOfUltrasoundRegions=[Dataset()])
    assert device_facts(dataset).layout == ()
    assert device_facts(Dataset()).rows == 0
    assert device_key("", "S2000") == ""
    assert device_key(" Siemens ", "ACUSON  S2000") == device_key("SIEMENS", "Acuson S2000")


# Templates


def template(**changes: object) -> DeviceTemplate:
    dataset = image(Manufacturer="Maker", ManufacturerModelName="M7", SoftwareVersions="3.1")
    regions = [Region(shape, SCOPE, "mean", n == 3) for n, shape in enumerate(SHAPES)]
    return template_of("Ward 3", device_facts(dataset), regions, "2026-11-23", **changes)  # type: ignore[arg-type]


def test_a_template_comes_back_from_its_file_and_tells_of_nobody(tmp_path: Path) -> None:
    write_templates([template()], tmp_path / "t.json")
    (again,) = read_templates(tmp_path / "t.json")
    assert again == template()
    assert [shape for shape, _ in manners(again)] == SHAPES
    assert [m.keep for _, m in manners(again)] == [False, False, False, True]
    content = (tmp_path / "t.json").read_text()
    assert not any(word in content for word in ("DOE", "4711", "SN-99", "1.2.8", "1.2.3"))


@pytest.mark.parametrize(
    ("changes", "unmet"),
    [
        ({}, []),
        ({"Manufacturer": "MAKER"}, []),
        ({"Manufacturer": "Other"}, ["Manufacturer is Maker"]),
        ({"ManufacturerModelName": "M8"}, ["Model is M7"]),
        ({"Rows": 600}, ["Size is 1024 × 768"]),
        ({"PhotometricInterpretation": "MONOCHROME2"}, ["Photometric Interpretation is RGB"]),
        ({"SoftwareVersions": "4.0"}, ["Software Versions is 3.1"]),
    ],
)
def test_conditions_are_seen(changes: dict[str, object], unmet: list[str]) -> None:
    values = {"Manufacturer": "Maker", "ManufacturerModelName": "M7", "SoftwareVersions": "3.1"} | changes
    found = matched(template(any_software=False), device_facts(image(**values))).proposal
    assert [c.words for c in found.conditions if not c.met] == unmet
    assert found.fits == (not unmet)
    assert bool(found.warning) == ("Rows" in changes)


def test_what_says_too_little_makes_no_template() -> None:
    facts = device_facts(image(Manufacturer="Maker", ManufacturerModelName="M7"))
    region = Region(SHAPES[0], SCOPE)
    for name, some_facts, regions in (
        ("a", device_facts(image()), [region]),
        ("a", facts, []),
        (" ", facts, [region]),
    ):
        with pytest.raises(BadSelector):
            template_of(name, some_facts, regions, "2026-11-23")


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    write_templates([template()], tmp_path / "t.json")
    good = json.loads((tmp_path / "t.json").read_text())
    star = [{"kind": "star", "numbers": []}]
    bad = [
        "",
        "{}",
        json.dumps(good | {"format": "other"}),
        json.dumps(good | {"version": 9}),
        json.dumps(good | {"templates": [good["templates"][0] | {"rows": 0}]}),
        json.dumps(good | {"templates": [good["templates"][0] | {"shapes": []}]}),
        json.dumps(good | {"templates": [good["templates"][0] | {"shapes": star}]}),
    ]
    for number, content in enumerate(bad):
        path = tmp_path / f"{number}.json"
        path.write_text(content)
        with pytest.raises(BadSelector):
            read_templates(path)
    with pytest.raises(BadSelector):
        read_templates(tmp_path / "nothing.json")
    assert TemplateShape("box", (1, 2, 3, 4)).shape() == Box(1, 2, 3, 4)
