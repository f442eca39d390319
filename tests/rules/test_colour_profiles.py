"""Texts of colour profiles go, their numbers stay, and the checker reads them for itself."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms
from pydicom import dcmread

from tests.factories import KEYRING, ct_slice, item, segmentation, to_bytes, us_loop
from viewer.dicom.decisions import Action, Severity
from viewer.dicom.errors import Unsupported
from viewer.dicom.parsing import parse
from viewer.pixels.icc_text import neutral_profile
from viewer.release.apply import apply
from viewer.release.encode import encoded
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Recipe

NAME = b"QUENBERT OSWALDINE"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def profile(*extra: tuple[bytes, bytes], gap: bytes = b"") -> bytes:
    """Return sRGB with more tags: (signature, data from the type on); `gap` stands behind the last."""
    (count,) = struct.unpack_from(">L", SRGB, 128)
    shift = 12 * len(extra)
    table, body = bytearray(SRGB[132 : 132 + 12 * count]), SRGB[132 + 12 * count :]
    for at in range(0, len(table), 12):
        struct.pack_into(">L", table, at + 4, struct.unpack_from(">L", table, at + 4)[0] + shift)
    for signature, data in extra:
        table += signature + struct.pack(">LL", 132 + 12 * count + shift + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    body += gap
    whole = SRGB[:128] + struct.pack(">L", count + len(extra)) + bytes(table) + body
    return struct.pack(">L", len(whole)) + whole[4:]


TEXT = (b"targ", b"text\0\0\0\0" + NAME + b"\0")
OLD = (b"dmnd", b"desc\0\0\0\0" + struct.pack(">L", len(NAME) + 1) + NAME + b"\0" + bytes(78))
UNKNOWN = (b"priv", b"data\0\0\0\0\0\0\0\0" + NAME)
WIDE = NAME.decode().encode("utf-16-be")
LANGUAGES = (b"vued", b"mluc\0\0\0\0" + struct.pack(">LL4sLL", 1, 12, b"deCH", len(WIDE), 28) + WIDE)
PROFILES = {
    "text": profile(TEXT),
    "description": profile(OLD),
    "languages": profile(LANGUAGES),
    "unknown type": profile(UNKNOWN),
    "gap": profile(gap=NAME + b"  "),
    "all": profile(TEXT, OLD, LANGUAGES, UNKNOWN, gap=NAME + b"  "),
}


@pytest.mark.parametrize("held", PROFILES.values(), ids=PROFILES.keys())
def test_texts_are_neutral_and_colours_the_same(held) -> None:
    made = neutral_profile(held)
    assert len(made) == len(held)
    assert NAME not in made
    assert WIDE not in made
    assert neutral_profile(made) is made
    colours = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    lab = ImageCms.createProfile("LAB")
    shown = [ImageCms.profileToProfile(colours, io.BytesIO(p), lab, outputMode="LAB") for p in (held, made)]
    assert np.array_equal(*map(np.asarray, shown))


@pytest.mark.parametrize(
    "spoiled", [SRGB[:100], b"\0" * 200, SRGB[:140], SRGB[:136] + b"\xff" * 4 + SRGB[140:]]
)
def test_what_is_no_profile_is_refused(spoiled) -> None:
    with pytest.raises(Unsupported):
        neutral_profile(spoiled)


def written(dataset):
    content = to_bytes(dataset)
    source = parse(content)
    made = plan(source, Recipe(BASIC), KEYRING)
    return content, made, encoded(apply(source, made))


def errors(findings) -> list[str]:
    return [f.code for f in findings if f.severity is Severity.ERROR]


def test_the_output_shows_colours_without_texts_at_every_level() -> None:
    dataset = us_loop()
    dataset.ICCProfile = PROFILES["all"]
    dataset.OpticalPathSequence = [item(ICCProfile=PROFILES["all"])]
    content, made, output = written(dataset)
    assert {d.action for d in made.decisions if d.path[-1] == 0x00282000} == {Action.CLEAN}
    assert errors(verify(output, "name", content, made)[1]) == []
    result = dcmread(io.BytesIO(output))
    assert result.ICCProfile == result.OpticalPathSequence[0].ICCProfile == neutral_profile(PROFILES["all"])


def test_a_profile_without_texts_is_kept() -> None:
    dataset = us_loop()
    dataset.ICCProfile = neutral_profile(SRGB)
    _, made, _ = written(dataset)
    assert [d.action for d in made.decisions if d.path == (0x00282000,)] == [Action.KEEP]


def test_one_that_cannot_be_read_goes_where_it_may_and_holds_where_it_must_stay() -> None:
    free, bound = ct_slice(), segmentation()
    free.ICCProfile = b"not a profile "
    _, made, _ = written(free)
    assert [d.action for d in made.decisions if d.path == (0x00282000,)] == [Action.REMOVE]
    bound.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    bound.ICCProfile = b"not a profile "
    held = plan(parse(to_bytes(bound)), Recipe(BASIC), KEYRING)
    assert "unknown-profile" in errors(held.findings)


@pytest.mark.parametrize("name", PROFILES)
def test_the_checker_notices_texts_that_a_broken_plan_left(name, monkeypatch) -> None:
    monkeypatch.setattr("viewer.rules.colour_profiles.neutral_profile", lambda profile: profile)
    dataset = us_loop()
    dataset.ICCProfile = PROFILES[name]
    content, made, output = written(dataset)
    assert "profile-text" in errors(verify(output, "name", content, made)[1])
