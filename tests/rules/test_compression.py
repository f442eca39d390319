"""Regions on lossy images: told of, or held when the profile says so."""

import pytest
from pydicom.uid import UID

from tests.dicom.pictures import label
from tests.pixels.test_lossy import BLOCKS, STREAMS, lossy
from viewer.dicom.decisions import Blank, Severity
from viewer.rules.compression import lossy_findings
from viewer.rules.recipe import Profile

BOX = (Blank("rectangle", (1, 1, 9, 9), (0,)),)
ALL = [(k, s, e) for k, s, e in (*STREAMS, *BLOCKS) if "Lossless" not in label(s)]


@pytest.mark.parametrize(("kind", "syntax", "encode"), ALL, ids=[f"{k}-{label(s)}" for k, s, _ in ALL])
def test_a_person_is_told_or_the_image_is_held(kind: str, syntax: UID, encode: object) -> None:
    dataset = lossy(kind, syntax, encode, frames=1)
    (told,) = lossy_findings(dataset, BOX, Profile("p"))
    assert (told.code, told.severity) == ("lossy-region", Severity.WARNING)
    (held,) = lossy_findings(dataset, BOX, Profile("p", hold_lossy=True))
    assert held.severity is Severity.ERROR
    assert lossy_findings(dataset, (), Profile("p", hold_lossy=True)) == ()
