"""The house style that no linter checks: sizes, names, nothing undone, no workplace named."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VIEWER = ROOT / "viewer"
LONGEST = 400
POOR_NAMES = {"utils", "util", "common", "misc", "helpers", "helper", "manager", "managers", "stuff"}
TEXT = {".py", ".md", ".toml", ".txt", ".in", ".yml", ".yaml", ".json", ".spec", ".cfg", ".sh", ".csv", ""}
BUILT = {"build", "dist", "looks", "__pycache__"}

# A library's NotImplementedError may be caught, but none may be raised.
LEFT_UNDONE = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|: \.\.\.$", re.MULTILINE)

# In pieces, so that this file does not contain what it looks for.
FORBIDDEN = [
    "/" + "work" + "/",
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "--" + "index-url",
    "--" + "extra-index-url",
    "--" + "trusted-host",
    "/" + "simple/",
]


@cache
def sources() -> tuple[Path, ...]:
    return tuple(sorted(p for p in VIEWER.rglob("*.py") if "__pycache__" not in p.parts))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_files() -> Iterator[Path]:
    """All text files that are, or would be, in the repository: with git its own list, else a walk."""
    for path in _listed_by_git() or _walked():
        if path.is_file() and path.suffix in TEXT:
            yield path


def _listed_by_git() -> list[Path]:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return []
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-c", "-o", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def _walked() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        folders = path.relative_to(ROOT).parts
        hidden = folders[0].startswith(".") and folders[0] not in (".ci", ".github")
        if not hidden and not BUILT & set(folders):
            yield path


def test_there_are_sources() -> None:
    assert len(sources()) > 20


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_no_file_is_too_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines: find the second noun in it"


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_modules_are_named_after_what_they_hold(path: Path) -> None:
    parts = path.relative_to(VIEWER).with_suffix("").parts
    words = {word for part in parts for word in part.split("_")}
    assert not words & POOR_NAMES


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_nothing_is_left_undone(path: Path) -> None:
    found = LEFT_UNDONE.findall(path.read_text(encoding="utf-8"))
    assert not found


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_every_module_opens_with_a_sentence(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or text.startswith('"""')


def test_no_registry_and_no_workplace_is_named() -> None:
    files = list(text_files())
    assert {"pyproject.toml", "requirements.txt", "Makefile"} <= {relative(f) for f in files}
    bad = [
        f"{relative(path)}: {needle}"
        for path in files
        for needle in FORBIDDEN
        if needle in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert not bad


def test_requirements_are_pinned_and_hashed() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert len(lines) > 10
        for line in lines:
            assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^ ]+ ", line), line[:80]
            assert "--hash=sha256:" in line, line[:80]
