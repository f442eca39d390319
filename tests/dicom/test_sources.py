"""Files and ZIP members are read whole and unchanged, or refused with a sentence."""

import os
import zipfile
from pathlib import Path

import pytest

from viewer.dicom.catalog import Source
from viewer.dicom.errors import UnreadableFile
from viewer.dicom.sources import (
    CHANGED,
    DAMAGED_ZIP,
    MISSING,
    NOT_A_FILE,
    ZipLimits,
    extended_path,
    list_members,
    read_member,
    read_source,
    source_of,
)

DATA = bytes(range(256)) * 1000


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "影像.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("张三/片子", DATA)
        made.writestr("stored", DATA, compress_type=zipfile.ZIP_STORED)
        made.writestr("empty", b"")
    return path


def test_a_plain_file_with_a_chinese_and_very_long_path(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*(["影像资料" * 12] * 6))
    folder.mkdir(parents=True)
    path = folder / "片子"
    path.write_bytes(DATA)
    assert len(str(path)) > 260
    assert read_source(source_of(path)) == DATA


@pytest.mark.parametrize("change", ["longer", "touched"])
def test_a_changed_file_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(DATA)
    source = source_of(path)
    if change == "longer":
        path.write_bytes(DATA + b"x")
        os.utime(path, ns=(source.mtime_ns, source.mtime_ns))
    else:
        os.utime(path, ns=(source.mtime_ns, source.mtime_ns + 1_000_000))
    with pytest.raises(UnreadableFile) as caught:
        read_source(source)
    assert str(caught.value) == CHANGED


def test_missing_files_and_folders_are_refused_without_their_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_source(Source(tmp_path / "secret", 1, 1))
    assert str(caught.value) == MISSING
    assert caught.value.__cause__ is None
    with pytest.raises(UnreadableFile) as caught:
        source_of(tmp_path)
    assert str(caught.value) == NOT_A_FILE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableFile, match="neither"):
        source_of(tmp_path / "pipe")


def test_members_are_read_whole_and_in_part(archive: Path) -> None:
    readable, rejected = list_members(archive)
    assert not rejected
    assert {source.member: read_source(source) for source in readable} == {
        "张三/片子": DATA,
        "stored": DATA,
        "empty": b"",
    }
    assert [read_member(source, 300) for source in readable] == [DATA[:300], DATA[:300], b""]
    assert [source.size for source in readable] == [len(DATA), len(DATA), 0]


def test_a_member_agrees_with_zipfile_after_leading_bytes(archive: Path) -> None:
    archive.write_bytes(b"self-extracting" * 9 + archive.read_bytes())
    readable, _ = list_members(archive)
    assert read_source(readable[0]) == DATA


def test_a_changed_archive_is_refused(archive: Path) -> None:
    source = list_members(archive)[0][0]
    os.utime(archive, ns=(source.mtime_ns, source.mtime_ns + 1_000_000))
    with pytest.raises(UnreadableFile) as caught:
        read_source(source)
    assert str(caught.value) == CHANGED


def test_damaged_members_and_archives_are_refused(archive: Path) -> None:
    stored = list_members(archive)[0][1]
    data = bytearray(archive.read_bytes())
    at = data.find(DATA)
    data[at + 1000] ^= 1
    archive.write_bytes(data)
    os.utime(archive, ns=(stored.mtime_ns, stored.mtime_ns))
    with pytest.raises(UnreadableFile) as caught:
        read_source(stored)
    assert str(caught.value) == DAMAGED_ZIP
    archive.write_bytes(data[:-30])
    with pytest.raises(UnreadableFile) as caught:
        list_members(archive)
    assert str(caught.value) == DAMAGED_ZIP


def test_bombs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(3):
            made.writestr(str(number), bytes(1_000_000))
    for limits, word in (
        (ZipLimits(members=2), "more than 2 files"),
        (ZipLimits(total_bytes=2_999_999), "unpacks"),
        (ZipLimits(member_bytes=999_999), "unpacks"),
        (ZipLimits(ratio_floor=2_000_000), "tightly"),
    ):
        with pytest.raises(UnreadableFile, match=word):
            list_members(path, limits)
    assert len(list_members(path)[0]) == 3


def test_no_more_is_unpacked_than_was_stated(archive: Path) -> None:
    """The stated size of a member is made smaller than what it holds."""
    data = archive.read_bytes()
    at = data.find(b"PK\x01\x02")
    archive.write_bytes(data[: at + 24] + (1000).to_bytes(4, "little") + data[at + 28 :])
    source = list_members(archive)[0][0]
    assert source.size == 1000
    assert read_member(source, 1000) == DATA[:1000]
    with pytest.raises(UnreadableFile):
        read_source(source)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_locked_strange_and_ambiguous_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("bzip2", DATA, compress_type=zipfile.ZIP_BZIP2)
        made.writestr("twice", DATA)
        made.writestr("twice", b"other")
        made.writestr("locked", DATA)
        made.writestr("folder/", b"")
    data = bytearray(path.read_bytes())
    entry = data.rfind(b"locked") - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 8] |= 1
    path.write_bytes(data)
    readable, rejected = list_members(path)
    assert not readable
    reasons = {item.source.member: item.reason for item in rejected}
    assert "unusual" in reasons["bzip2"]
    assert "same name" in reasons["twice"]
    assert "password" in reasons["locked"]
    assert len(rejected) == 3


def test_member_names_never_become_paths(tmp_path: Path) -> None:
    path = tmp_path / "in" / "a.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../escaped", DATA)
        made.writestr("/absolute", DATA)
    for source in list_members(path)[0]:
        assert source.path == path
        assert read_source(source) == DATA
    assert [found.name for found in tmp_path.rglob("*")] == ["in", "a.zip"]


def test_long_windows_paths_get_the_prefix() -> None:
    long = "C:\\" + "a" * 300
    assert extended_path(long) == "\\\\?\\" + long
    assert extended_path("\\\\server\\share\\" + "a" * 300) == "\\\\?\\UNC\\server\\share\\" + "a" * 300
    assert extended_path("C:\\short") == "C:\\short"
    assert extended_path("\\\\?\\" + long) == "\\\\?\\" + long
