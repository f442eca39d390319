"""The same patient cleaned in two processes, on different days, with the same key: the same surrogates."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.factories import KINDS, ct_slice, to_bytes, write

ROOT = Path(__file__).resolve().parents[2]
ON_ANOTHER_DAY = """
import sys, time, datetime
later = {days} * 86400
real = time.time
time.time = lambda: real() + later
class Day(datetime.date):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(time.time())
datetime.date = Day
from viewer.__main__ import main
sys.argv = ["viewer", *sys.argv[1:]]
main()
"""


def cleaned(
    source: Path, out: Path, key: Path, *, days: int, zone: str, salt: str, profile: str
) -> dict[str, bytes]:
    """Return what a process of its own wrote, by relative name."""
    command = [
        sys.executable,
        "-c",
        ON_ANOTHER_DAY.format(days=days),
        "clean",
        str(source),
        "--out",
        str(out),
    ]
    command += ["--key-file", str(key), "--profile", profile]
    environment = {"PATH": "/usr/bin:/bin", "TZ": zone, "PYTHONHASHSEED": salt, "HOME": str(out.parent)}
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.dcm")}


@pytest.mark.parametrize("profile", ["basic", "research with shifted dates"])
def test_surrogates_are_the_same_on_another_day(tmp_path, profile) -> None:
    key = tmp_path / "key"
    write(tmp_path / "both" / "1.dcm", to_bytes(ct_slice(number=1)))
    write(tmp_path / "both" / "2.dcm", to_bytes(ct_slice(number=2)))
    write(tmp_path / "both" / "3.dcm", to_bytes(KINDS["SR"]()))
    write(tmp_path / "part" / "2.dcm", to_bytes(ct_slice(number=2)))
    first = cleaned(tmp_path / "both", tmp_path / "a", key, days=0, zone="UTC", salt="1", profile=profile)
    again = cleaned(
        tmp_path / "both", tmp_path / "b", key, days=45, zone="Asia/Shanghai", salt="2", profile=profile
    )
    part = cleaned(
        tmp_path / "part", tmp_path / "c", key, days=400, zone="America/Lima", salt="3", profile=profile
    )
    assert len(first) == 3
    assert again == first
    assert part.items() <= first.items()


def test_another_key_gives_other_surrogates(tmp_path) -> None:
    write(tmp_path / "in" / "1.dcm", to_bytes(ct_slice()))
    made = [
        cleaned(
            tmp_path / "in",
            tmp_path / key,
            tmp_path / f"{key}.key",
            days=0,
            zone="UTC",
            salt="0",
            profile="basic",
        )
        for key in ("a", "b")
    ]
    assert not made[0].keys() & made[1].keys()
