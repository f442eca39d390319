"""Faces in CT and MR: warned of or not as it should be, taken off, and nothing else changed."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.factories import ct_slice, to_bytes, write
from tests.finders.phantom import GAP, PIXEL, TISSUES, tissues, write_head
from viewer.cli import run
from viewer.dicom.catalog import Series
from viewer.dicom.errors import Unsupported
from viewer.dicom.scan import scan
from viewer.finders.face_surface import Stack, kept, skin
from viewer.finders.faces import Chance, FaceRemoval, face_removal, face_risk
from viewer.finders.solids import eroded, grown, holes, largest_filled, opened
from viewer.pixels.areas import areas
from viewer.release.batch import Job, export
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring


def only_series(folder: Path) -> Series:
    (study,) = scan([folder]).studies
    (series,) = study.series
    return series


def masks(removal: FaceRemoval, series: Series) -> np.ndarray:
    """Which pixels of each slice go: (slices, rows, columns), in the order of the series."""
    made = np.zeros((len(series.instances), series.instances[0].rows, series.instances[0].columns), bool)
    for index, image in enumerate(series.instances):
        blanks = [r.blank((0,)) for r in removal.regions if r.scope.uid == image.sop_instance_uid]
        for down, across, _ in areas(blanks, image.rows, image.columns):
            made[index, down, across] = True
    return made


# Risk ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("part", ["HEAD", ""])
def test_a_head_with_its_skin_is_told(tmp_path: Path, modality: str, part: str) -> None:
    write_head(tmp_path, modality, part=part)
    risk = face_risk(only_series(tmp_path))
    assert risk.chance is Chance.LIKELY
    assert risk.named is (part == "HEAD")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"part": "LOWER LEG"}, "an arm or a leg"),
        ({"gap": 7.5}, "mm apart"),
        ({"slices": 8}, "too few slices"),
    ],
)
def test_what_cannot_show_a_face_is_not(tmp_path: Path, how: dict, why: str) -> None:
    write_head(tmp_path, "CT", **how)
    risk = face_risk(only_series(tmp_path))
    assert risk.chance is Chance.UNLIKELY
    assert why in risk.why


def test_a_brain_cut_close_shows_no_face(tmp_path: Path) -> None:
    """The field of view ends within the head: no skin in front."""
    write_head(tmp_path, "CT")
    for path in tmp_path.glob("*.dcm"):
        image = pydicom.dcmread(path)
        pixels = image.pixel_array[45:-10].copy()
        image.Rows = pixels.shape[0]
        image.PixelData = pixels.tobytes()
        image.save_as(path)
    assert face_risk(only_series(tmp_path)).chance is Chance.UNLIKELY


def test_a_body_is_no_head(tmp_path: Path) -> None:
    write_head(tmp_path, "CT", part="")
    for path in tmp_path.glob("*.dcm"):
        image = pydicom.dcmread(path)
        image.PixelSpacing = [3.2, 3.2]
        image.save_as(path)
    risk = face_risk(only_series(tmp_path))
    assert (risk.chance, risk.why) == (Chance.UNLIKELY, "what its slices show has not the size of a head")


def with_a_body(folder: Path) -> None:
    """Put a trunk of 600 mm below a written head."""
    lowest = min((pydicom.dcmread(p) for p in folder.glob("*.dcm")), key=lambda i: i.ImagePositionPatient[2])
    rows, columns = np.mgrid[: lowest.Rows, : lowest.Columns]
    trunk = ((rows - 80) / 60) ** 2 + ((columns - 80) / 78.5) ** 2 < 1
    lowest.PixelData = np.where(trunk, 1064, 24).astype("<i2").tobytes()
    place = float(lowest.ImagePositionPatient[2])
    for number in range(1, 121):
        lowest.SOPInstanceUID = lowest.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.77.{number}"
        lowest.ImagePositionPatient = [*lowest.ImagePositionPatient[:2], place - 5 * number]
        lowest.save_as(folder / f"trunk{number}.dcm")


@pytest.mark.parametrize("part", ["WHOLEBODY", "CHEST"])
def test_a_head_on_a_body_is_told_and_only_its_face_goes(tmp_path: Path, part: str) -> None:
    write_head(tmp_path, "CT", part=part)
    with_a_body(tmp_path)
    series = only_series(tmp_path)
    assert face_risk(series).chance is Chance.LIKELY
    removal = face_removal(series)
    trunk = {f"1.2.3.77.{number}" for number in range(14, 121)}
    assert removal.slices > 20
    assert not {r.scope.uid for r in removal.regions} & trunk


def test_slices_without_the_size_of_a_pixel_are_not_called_safe(tmp_path: Path) -> None:
    write_head(tmp_path, "MR")
    for path in tmp_path.glob("*.dcm"):
        image = pydicom.dcmread(path)
        del image.PixelSpacing
        image.save_as(path)
    risk = face_risk(only_series(tmp_path))
    assert (risk.chance, risk.named) == (Chance.UNKNOWN, True)
    with pytest.raises(Unsupported):
        face_removal(only_series(tmp_path))


def test_slices_smaller_than_a_step_are_no_head(tmp_path: Path) -> None:
    write_head(tmp_path, "MR")
    for path in tmp_path.glob("*.dcm"):
        image = pydicom.dcmread(path)
        pixels = image.pixel_array[60:80, 60:80].copy()
        image.Rows = image.Columns = 20
        image.PixelSpacing = [0.06, 0.06]
        image.PixelData = pixels.tobytes()
        image.save_as(path)
    risk = face_risk(only_series(tmp_path))
    assert (risk.chance, risk.why) == (Chance.UNLIKELY, "its slices are smaller than a head")


def test_a_header_that_cannot_be_read_is_not_called_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise LookupError("unknown encoding")

    write_head(tmp_path, "CT")
    series = only_series(tmp_path)
    monkeypatch.setattr("viewer.finders.faces._names_head", broken)
    assert face_risk(series).chance is Chance.UNKNOWN


def test_slices_without_an_identifier_are_not_offered(tmp_path: Path) -> None:
    """Their shapes would be for every image that has none."""
    write_head(tmp_path, "CT")
    one = sorted(tmp_path.glob("*.dcm"))[30]
    image = pydicom.dcmread(one)
    del image.SOPInstanceUID
    image.save_as(one)
    with pytest.raises(Unsupported, match="no identifier"):
        face_removal(only_series(tmp_path))


def test_other_modalities_are_not_looked_at(tmp_path: Path, sample: Path) -> None:
    series = [s for study in scan([sample]).studies for s in study.series]
    assert {face_risk(s).chance for s in series} == {Chance.UNLIKELY}
    write(tmp_path / "one.dcm", to_bytes(ct_slice()))
    assert face_risk(only_series(tmp_path)).chance is Chance.UNLIKELY


@pytest.mark.corpus
def test_the_head_of_the_corpus_is_told_and_the_chest_is_not(corpus: Path) -> None:
    assert face_risk(only_series(corpus / "series/ct-phantom-54")).chance is Chance.LIKELY
    told = {}
    for study in scan([corpus / "transfer-syntax"]).studies:
        for series in study.series:
            told[series.description] = face_risk(series).chance
    assert told["HELICAL CHEST"] is Chance.UNLIKELY


# Removal ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_the_face_goes_and_the_inside_stays(tmp_path: Path, modality: str, turn: int) -> None:
    what = write_head(tmp_path, modality, turn=turn)
    series = only_series(tmp_path)
    gone = masks(face_removal(series), series)
    assert what.shape == gone.shape
    skull, brain = what == TISSUES["bone"], what == TISSUES["brain"]
    assert not (gone & brain).any()
    if modality == "CT":
        assert not (gone & skull).any()
    straight = np.rot90(gone, -turn, axes=(1, 2))
    features = feature_places()
    for name, place in features.items():
        assert straight[place].mean() > 0.97, name
    back = straight[:, straight.shape[1] // 2 :]
    assert not back.any()


def places() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Millimetres along the body, from front to back, from right to left."""
    z = (np.arange(70) - 35)[:, None, None] * GAP
    y = ((np.arange(160) - 80) * PIXEL)[None, :, None]
    x = ((np.arange(160) - 80) * PIXEL)[None, None, :]
    return z, y, x


def smooth_head() -> np.ndarray:
    """The head of the phantom without anything on it."""
    z, y, x = places()
    return (x / 76) ** 2 + (y / 96) ** 2 + ((z - 10) / 110) ** 2 <= 1


def feature_places() -> dict[str, np.ndarray]:
    """What of the phantom stands out of the smooth head: nose, lips, chin."""
    z, y, x = places()
    front = (tissues() > 0) & ~smooth_head() & (y < 0) & (np.abs(x) < 40)
    return {"nose": front & (z > -42), "lips": front & (z <= -42) & (z > -66), "chin": front & (z <= -66)}


def test_what_is_written_is_air_there_and_the_same_elsewhere(tmp_path: Path) -> None:
    write_head(tmp_path / "in", "CT")
    series = only_series(tmp_path / "in")
    removal = face_removal(series)
    gone = masks(removal, series)
    job = Job(
        series.instances, frozenset(), Recipe(BASIC, removal.regions), Keyring(b"k" * 32), tmp_path / "out"
    )
    report = export(job)
    assert report.counts["held"] == 0
    written = [pydicom.dcmread(p) for p in (tmp_path / "out").rglob("*.dcm")]
    written.sort(key=lambda d: d.ImagePositionPatient[2])
    for image, source, mask in zip(written, series.instances, gone, strict=True):
        before = pydicom.dcmread(source.source.path).pixel_array
        after = image.pixel_array
        assert np.array_equal(before[~mask], after[~mask])
        assert (after[mask] == 24).all()  # -1000 HU
        codes = {c.CodeValue for c in image.DeidentificationMethodCodeSequence}
        assert ("113102" in codes) is bool(mask.any())
        assert image.get("RecognizableVisualFeatures") == ("NO" if mask.any() else None)
    sources = [pydicom.dcmread(i.source.path) for i in series.instances]
    plain = standing_out(smooth_head())
    assert standing_out(volume(sources)) > plain + 12
    assert standing_out(volume(written)) < plain + 4


def volume(images: list) -> np.ndarray:
    return np.stack([d.pixel_array for d in images]) > 300


def standing_out(solid: np.ndarray) -> float:
    """How many mm the middle of the front stands out from what is round it, at most."""
    depth = np.where(solid.any(1), solid.argmax(1), solid.shape[1]) * PIXEL
    around = np.mean([np.roll(np.roll(depth, i, 0), j, 1) for i in (-8, 8) for j in (-12, 12)], axis=0)
    return float((around - depth)[12:26, 72:88].max())


def test_the_command_line_tells_of_a_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_head(tmp_path / "in", "CT", slices=40)
    run(["clean", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--key-file", str(tmp_path / "key")])
    assert "face could be rendered" in capsys.readouterr().out


# Shapes ----------------------------------------------------------------------------------------------


def test_solids_are_worn_off_and_grown_by_a_ball() -> None:
    cube = np.zeros((21, 21, 21), bool)
    cube[5:16, 5:16, 5:16] = True
    less = eroded(cube, 2)
    assert less.sum() == 7**3
    assert less[10, 10, 7]
    assert not less[10, 10, 6]
    more = grown(cube, 2)
    assert more[10, 10, 3]
    assert not more[3, 3, 3]
    spike = cube.copy()
    spike[10, 10, 16:20] = True
    assert not opened(spike, 2)[10, 10, 17:].any()
    assert opened(spike, 2)[10, 10, 5:16].all()


def test_holes_are_what_a_slice_encloses() -> None:
    ring = np.zeros((9, 9), bool)
    ring[2:7, 2:7] = True
    ring[3:6, 3:6] = False
    assert holes(ring).sum() == 9
    ring[4, 6] = False
    assert holes(ring).sum() == 0
    assert not largest_filled(np.zeros((4, 4), bool)).any()


def test_slices_in_uneven_steps_make_one_surface() -> None:
    what = tissues()
    places = np.arange(70) * GAP
    keep = np.sort(np.random.default_rng(2).choice(70, 48, replace=False))
    values = np.array((-1000, 40, 900, 30), np.float32)[what[keep]]
    stack = Stack(values, places[keep], (PIXEL, PIXEL), is_ct=True)
    stays = kept(stack) >= 0.5
    assert stays[what[keep] == TISSUES["brain"]].all()
    assert (skin(stack) & ~stays).any(axis=(1, 2)).sum() > 30
