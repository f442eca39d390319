"""What is left to do: every image looked at, boxes of the right size, one patient per study."""

from pathlib import Path

import pytest

from viewer.app.blockers import blockers, likely_text
from viewer.dicom.catalog import Catalog, Instance, Series, Source, Study
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.rules.recipe import Profile, Recipe, Waiver

CT, US = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.6.1"
RECIPE = Recipe(Profile("own"))


def instance(number: int, modality: str = "CT", *, frames: int = 1, rows: int = 100) -> Instance:
    return Instance(
        number=number,
        source=Source(Path(f"{number}.dcm"), 10, 0),
        sop_class_uid=CT if modality == "CT" else US,
        sop_instance_uid=f"1.{number}",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality=modality,
        instance_number=number,
        rows=rows,
        columns=120,
        frames=frames,
        photometric="MONOCHROME2",
    )


def catalog(*series: list[Instance], mixed: bool = False) -> Catalog:
    made = tuple(Series(f"2.{n}", n, s[0].modality, "", tuple(s)) for n, s in enumerate(series, start=1))
    return Catalog((Study("3.1", "ID", "Zhang^San", "", "", made, mixed),))


def found(facts: Catalog, recipe: Recipe = RECIPE) -> tuple:
    return blockers(facts, recipe, likely_text(facts))


def box(kind: ScopeKind, uid: str, rows: int = 100) -> Region:
    return Region(Box(0, 0, 5, 5), Scope(kind, uid, rows, 120))


def test_nothing_open_nothing_left() -> None:
    assert found(Catalog()) == ()


def test_each_series_that_nobody_looked_at_the_likely_text_first() -> None:
    facts = catalog([instance(1), instance(2)], [instance(3, "US")])
    first, second = found(facts)
    assert first.sentence == "Series 2 (US, 1 image): burned-in text is likely."
    assert second.sentence == "Series 1 (CT, 2 images): not looked at yet."
    assert first.instance.number == 3


def test_it_leads_to_the_first_image_that_was_not_looked_at() -> None:
    facts = catalog([instance(1), instance(2), instance(3)])
    (left,) = found(facts, Recipe(RECIPE.profile, reviewed=frozenset({"1.1"})))
    assert left.instance.number == 2
    assert "2 images" in left.sentence
    assert found(facts, Recipe(RECIPE.profile, reviewed=frozenset({"1.1", "1.2", "1.3"}))) == ()


def test_objects_without_pixels_need_no_look() -> None:
    assert found(catalog([instance(1, frames=0)])) == ()


def test_mixed_patients_come_first() -> None:
    left = found(catalog([instance(1)], mixed=True))
    assert left[0].key == "mixed-1"
    assert len(left) == 2


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (box(ScopeKind.SERIES, "2.1"), True),
        (box(ScopeKind.STUDY, "3.1"), True),
        (box(ScopeKind.IMAGE, "1.2"), True),
        (box(ScopeKind.FRAME, "1.2"), True),
        (box(ScopeKind.IMAGE, "1.1"), False),
        (box(ScopeKind.SERIES, "2.9"), False),
        (box(ScopeKind.SERIES, "1.2"), False),
    ],
)
def test_a_box_drawn_on_another_size(region: Region, expected: bool) -> None:
    facts = catalog([instance(1), instance(2, rows=200)])
    seen = frozenset({"1.1", "1.2"})
    left = found(facts, Recipe(RECIPE.profile, (region,), seen))
    assert [b.key for b in left] == (["size-1"] if expected else [])
    assert all(b.instance.number == 2 for b in left)


def test_what_is_set_aside_is_not_left() -> None:
    facts = catalog([instance(1)], [instance(2, "US")])
    recipe = Recipe(RECIPE.profile, waivers=(Waiver("unseen-2", "seen on the console"),))
    assert [b.key for b in found(facts, recipe)] == ["unseen-1"]


def test_no_sentence_and_no_repr_holds_identity() -> None:
    facts = catalog([instance(1)], mixed=True)
    text = repr(found(facts)) + "".join(b.sentence for b in found(facts))
    assert "Zhang" not in text
    assert ".dcm" not in text


def test_ten_thousand_images_are_no_burden() -> None:
    facts = catalog(*[[instance(s * 500 + n) for n in range(500)] for s in range(20)])
    regions = tuple(box(ScopeKind.SERIES, f"2.{n}") for n in range(1, 21))
    likely = likely_text(facts)
    from time import perf_counter

    began = perf_counter()
    left = blockers(facts, Recipe(RECIPE.profile, regions), likely)
    assert perf_counter() - began < 0.2
    assert len(left) == 20
