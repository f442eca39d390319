"""Imports point down, and the engine and the command line need no Qt."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import viewer

ROOT = Path(__file__).resolve().parents[2]

WITHOUT_QT = """
import importlib, sys
from importlib.abc import MetaPathFinder

class NoQt(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6"):
            raise ModuleNotFoundError(name + " was imported")

sys.meta_path.insert(0, NoQt())
for module in sys.argv[1:]:
    importlib.import_module(module)
print(len(sys.argv) - 1, "modules")
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def modules() -> list[str]:
    """Every module of the program, by name; `viewer.__main__` is the start of the program and stays out."""
    found = pkgutil.walk_packages(viewer.__path__, "viewer.", onerror=lambda name: pytest.fail(name))
    return sorted(m.name for m in found if m.name.rpartition(".")[2] != "__main__")


def with_qt(module: str) -> bool:
    return module.split(".")[1] in ("app", "ui")


def test_the_contracts_in_pyproject_are_kept() -> None:
    result = run(
        "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


def test_app_knows_no_widgets() -> None:
    """import-linter cannot tell apart the modules of one outside package, so the source is read."""
    for path in sorted((ROOT / "viewer" / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any("QtWidgets" in name for name in names), path.name


def test_the_engine_and_the_command_line_need_no_qt() -> None:
    below = [m for m in modules() if not with_qt(m)]
    assert {"viewer.dicom", "viewer.rules", "viewer.pixels", "viewer.release"} <= set(below)
    result = run("-W", "error", "-c", WITHOUT_QT, *below)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(len(below)), "modules"]


def test_the_blocker_blocks() -> None:
    result = run("-c", WITHOUT_QT, "PySide6.QtCore")
    assert result.returncode != 0
    assert "was imported" in result.stderr


def test_the_start_of_the_program_needs_qt_for_the_window_only() -> None:
    """`python -m viewer --help` must answer on a server without Qt."""
    start = (
        "import runpy\nsys.argv = ['deid-viewer', '--help']\nrunpy.run_module('viewer', run_name='__main__')"
    )
    program = WITHOUT_QT.partition("for module in")[0] + start
    result = run("-c", program)
    assert result.returncode == 0, result.stderr
    assert "clean" in result.stdout
