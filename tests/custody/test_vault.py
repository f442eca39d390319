"""The key file: made once, readable by its owner only, never half written."""

import re
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from viewer.custody.vault import file_keyring, site_folder, site_keyring
from viewer.dicom.errors import BrokenResource


def test_a_key_is_made_once_and_kept(tmp_path) -> None:
    path = tmp_path / "keys" / "site.key"
    first = file_keyring(path)
    assert re.fullmatch(r"[0-9a-f]{64}\n", path.read_text())
    assert file_keyring(path) == first
    assert site_keyring(tmp_path / "keys") == first
    assert site_keyring(tmp_path / "others") != first
    assert list(path.parent.iterdir()) == [path]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_at_once_get_the_same_key(tmp_path) -> None:
    path = tmp_path / "site.key"
    with ThreadPoolExecutor(8) as pool:
        rings = set(pool.map(lambda _: file_keyring(path), range(32)))
    assert len(rings) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"abc", b"zz" * 32, b"00" * 31, b"00" * 33, b"\xff" * 64])
def test_what_is_no_key_is_refused_and_left_alone(tmp_path, content) -> None:
    path = tmp_path / "site.key"
    path.write_bytes(content)
    with pytest.raises(BrokenResource, match="key file") as caught:
        file_keyring(path)
    assert str(tmp_path) not in str(caught.value)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_refused(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BrokenResource):
        file_keyring(tmp_path / "file" / "site.key")
    with pytest.raises(BrokenResource):
        file_keyring(tmp_path)
    assert site_folder().is_absolute()
