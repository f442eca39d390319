"""Bytes behind a data set are left out and told; a data set cut short is refused."""

import pytest

from tests.factories import KEYRING, KINDS, ct_slice, to_bytes, write
from viewer.dicom.errors import UnreadableFile
from viewer.dicom.parsing import parse
from viewer.dicom.scan import scan
from viewer.release.batch import Job, export
from viewer.rules.recipe import Profile, Recipe

TAIL = b"Quenbert Oswaldine HOSP-778341 after the end of the file"


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("syntax", ["explicit little", "implicit little"])
def test_what_stands_behind_the_end_is_in_no_output(kind, syntax, tmp_path) -> None:
    source = write(tmp_path / "in" / "a.dcm", to_bytes(KINDS[kind](), syntax) + TAIL)
    catalog = scan([source])
    job = Job(
        tuple(catalog.instances), frozenset(), Recipe(Profile("basic")), KEYRING, tmp_path / "out",
    )  # fmt: skip
    report = export(job)
    written = list((tmp_path / "out").rglob("*.dcm"))
    assert all(b"after the end" not in path.read_bytes() for path in written)
    if report.counts["written"]:
        assert "behind-the-end" in {f.code for one in report.instances for f in one.findings}
    if syntax == "explicit little":
        assert report.counts == {"written": 1, "held": 0, "rejected": 0}


@pytest.mark.parametrize("cut", [1, 5, 9, 60, 200])
def test_a_data_set_cut_short_is_refused(cut) -> None:
    with pytest.raises(UnreadableFile, match="cut short"):
        parse(to_bytes(ct_slice())[:-cut])
