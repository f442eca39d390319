"""Settings: what is remembered, and that a damaged file never stops the program."""

from pathlib import Path

from viewer.app.settings import Settings, load_settings, save_settings


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.json"
    settings = Settings(("病例/一",), "D:/教学", "Teaching file", True, "AAAA")
    assert save_settings(settings, path)
    assert load_settings(path) == settings
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"], "no draft is left"


def test_missing_or_damaged_files_give_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    assert load_settings(path) == Settings()
    for content in (b"", b"{", b'{"recent": 5}', b"\xff\xfe"):
        path.write_bytes(content)
        assert load_settings(path) == Settings()


def test_unknown_keys_of_a_later_version_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"profile": "PS3.15 Basic", "something_new": 1}')
    assert load_settings(path).profile == "PS3.15 Basic"


def test_recent_holds_each_path_once_the_latest_first_ten_at_most() -> None:
    settings = Settings()
    for name in [*"abcdefghijkl", "c"]:
        settings = settings.opened(name)
    assert settings.recent == ("c", "l", "k", "j", "i", "h", "g", "f", "e", "d")


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert not save_settings(Settings(), tmp_path / "file" / "settings.json")


def test_paths_are_not_in_the_repr() -> None:
    assert "Zhang" not in repr(Settings(("/studies/Zhang",), "/out/Zhang"))
