"""The command line: exit codes, reports without identity, and one sentence for every wrong use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.factories import OSWALDINE, ct_slice, to_bytes, us_loop, write, write_in
from viewer import PRODUCT
from viewer.cli import run

SECRETS = (
    "quenbert",
    "oswaldine",
    "hosp-778341",
    "19611203",
    "20240517",
    "acc0099123",
    "ekaterin",
    "wolframsen",
)
SECRETS += (OSWALDINE.study, "sn-4411", "geheim")
KEY = "00" * 31 + "ff"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "geheim" / "QUENBERT_1.dcm", to_bytes(ct_slice()))
    write(tmp_path / "geheim" / "QUENBERT_2.dcm", to_bytes(us_loop()))
    write(tmp_path / "site.key", KEY.encode())
    return tmp_path


def clean(place: Path, *more: str, source: str = "geheim", out: str = "out") -> int:
    arguments = [
        "clean",
        str(place / source),
        "--out",
        str(place / out),
        "--key-file",
        str(place / "site.key"),
    ]
    return run([*arguments, *more])


def assert_no_identity(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text.lower()] == []


def test_clean_ends_with_0_and_tells_no_identity(place, capsys) -> None:
    assert clean(place, "--json", "--report", str(place / "report.json")) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report == json.loads((place / "report.json").read_bytes())
    assert report["counts"] == {"written": 2, "held": 0, "rejected": 0}
    assert report["product"].startswith(PRODUCT)
    for row in report["instances"]:
        assert row["state"] == "written"
        assert row["reason"] == ""
        assert (place / "out" / row["output"]).is_file()
        assert row["claims"]
    assert [row["number"] for row in report["instances"]] == [1, 2]
    assert_no_identity(printed.out + printed.err)


def test_the_plain_report_tells_no_identity_and_what_nobody_looked_at(place, capsys) -> None:
    assert clean(place) == 0
    printed = capsys.readouterr()
    assert "written 2, held 0, rejected 0" in printed.out
    assert "no person has looked at the pixels of 2 of 2" in printed.out
    assert_no_identity(printed.out + printed.err)


def test_odd_values_reach_neither_output_nor_terminal(place) -> None:
    """pydicom warns with the value in it: a process of its own shows what a person would see."""
    dataset = ct_slice()
    write_in(dataset, "GB18030")
    dataset.add_new(0x00080020, "DA", "20240517")
    dataset["StudyDate"]._value = "QUENBERT on 20240517"
    dataset["SOPInstanceUID"]._value = "QUENBERT.1"
    dataset["KVP"]._value = "12O QUENBERT"
    write(place / "odd" / "1.dcm", to_bytes(dataset))
    arguments = [
        "clean",
        str(place / "odd"),
        "--out",
        str(place / "out"),
        "--key-file",
        str(place / "site.key"),
    ]
    code = "import sys; from viewer.cli import run; sys.exit(run(sys.argv[1:]))"
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--json"],
        capture_output=True,
        cwd=Path(__file__).resolve().parents[1],
        check=False,
    )
    assert ended.returncode in (0, 1)
    assert json.loads(ended.stdout)["instances"]
    assert_no_identity((ended.stdout + ended.stderr).decode().replace(str(place), ""))


def test_held_and_rejected_end_with_1(place, capsys) -> None:
    write(place / "geheim" / "readme.txt", b"about QUENBERT")
    assert clean(place, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"written": 2, "held": 0, "rejected": 1}
    assert report["rejected"]
    assert_no_identity(json.dumps(report))
    (place / "geheim" / "readme.txt").unlink()
    for path in (place / "out").rglob("*.dcm"):
        path.write_bytes(b"other")
    assert clean(place, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["held"] == 2
    assert all(row["reason"] and not row["output"] for row in report["instances"])


@pytest.mark.parametrize(
    "more",
    [
        ("--profile", "nonsense"),
        ("--option", "nonsense"),
        ("--option", "retain-full-dates", "--option", "retain-modified-dates"),
        ("--set", "PatientName"),
        ("--set", "PatientName=shuffle"),
        ("--set", "PatientName=replace"),
        ("--set", "PatientName=keep:x"),
        ("--set", "NoSuchThing=keep"),
        ("--set", "(0010,001)=keep"),
        ("--set", "=keep"),
        ("--box", "1,2,3"),
        ("--box", "1,2,3,4,5"),
        ("--box", "a,b,c,d"),
        ("--box", "1,2,0,4"),
        ("--box", "-1,2,3,4"),
        ("--box", "1,2,3,4@colour=red"),
        ("--box", "1,2,3,4@modality="),
        ("--box", "1,2,3,4@modality=MR"),
        ("--box", "1,2,3,4@frame=0"),
        ("--box", "1,2,3,4@frame=x-y"),
        ("--box", "1,2,3,4@size=9x9"),
        ("--workers", "0"),
        ("--workers", "many"),
        ("--unknown",),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_sentence_and_exit_code_2(place, capsys, more) -> None:
    assert clean(place, *more) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.strip()
    assert "Traceback" not in printed.err
    assert not (place / "out").exists()


def test_wrong_places_end_with_2(place, capsys) -> None:
    assert clean(place, source="missing") == 2
    assert clean(place, out="geheim/out") == 2
    write(place / "bad.key", b"not a key")
    assert (
        run(
            [
                "clean",
                str(place / "geheim"),
                "--out",
                str(place / "out"),
                "--key-file",
                str(place / "bad.key"),
            ]
        )
        == 2
    )
    write(place / "bad.json", b"{}")
    assert clean(place, "--profile", str(place / "bad.json")) == 2
    assert run([]) == 2
    assert run(["frobnicate"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert run(["--version"]) == 0
    assert run(["clean", "--help"]) == 0


def test_boxes_overrides_and_options_arrive(place, capsys) -> None:
    more = (
        "--box",
        "1,1,3,2@modality=us;frame=2-3",
        "--set",
        "Manufacturer=remove",
        "--option",
        "retain-uids",
    )
    assert clean(place, "--json", *more) == 0
    rows = {row["number"]: row for row in json.loads(capsys.readouterr().out)["instances"]}
    touched = [row["pixels"]["frames_touched"] for row in rows.values()]
    assert sorted(touched) == [0, 2]
    for row in rows.values():
        written = dcmread(place / "out" / row["output"])
        assert "Manufacturer" not in written
        assert written.StudyInstanceUID == OSWALDINE.study
        if row["pixels"]["frames_touched"]:
            frames = written.pixel_array
            assert not frames[1:, 1:3, 1:4].any()
            assert frames[0, 1:3, 1:4].any()


def test_a_box_on_images_of_another_size_is_not_guessed(place, capsys) -> None:
    assert clean(place, "--json", "--box", "14,9,9,9@modality=CT") == 0
    rows = json.loads(capsys.readouterr().out)["instances"]
    assert sum(row["pixels"]["pixels_blanked"] for row in rows) == 2 * 3
    assert clean(place, "--json", "--box", "100,100,9,9@modality=CT", out="other") == 1
    rows = json.loads(capsys.readouterr().out)["instances"]
    assert [row["state"] for row in rows].count("held") == 1


def test_verify_finds_a_planted_leak(place, capsys) -> None:
    assert clean(place) == 0
    out, source = str(place / "out"), str(place / "geheim")
    capsys.readouterr()
    assert run(["verify", out]) == 0
    assert run(["verify", out, "--against", source]) == 0
    path = next((place / "out").rglob("*.dcm"))
    written = dcmread(path)
    written.ConvolutionKernel = "HOSP-778341"
    written.save_as(path)
    assert run(["verify", out]) == 0
    assert run(["verify", out, "--against", source, "--json"]) == 1
    printed = capsys.readouterr()
    assert "identity-left" in printed.out
    assert_no_identity(printed.out + printed.err)
    written.PatientName = "QUENBERT^OSWALDINE"
    written.save_as(path)
    assert run(["verify", out]) == 1
    path.write_bytes(b"broken")
    assert run(["verify", out]) == 1
    assert_no_identity(capsys.readouterr().out)


def test_inspect_lists_and_ends_with_1_for_what_it_cannot_open(place, capsys) -> None:
    assert run(["inspect", str(place / "geheim"), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [i["modality"] for i in listed["instances"]] == ["CT", "US"]
    assert listed["rejected"] == []
    write(place / "geheim" / "x.txt", b"x")
    assert run(["inspect", str(place / "geheim")]) == 1
    assert "x.txt" in capsys.readouterr().out


def test_two_runs_and_two_workers_give_the_same(place, capsys) -> None:
    assert clean(place) == 0
    assert clean(place, "--workers", "2", out="two") == 0
    first, second = (
        {p.relative_to(f).as_posix(): p.read_bytes() for p in sorted(f.rglob("*.dcm"))}
        for f in (place / "out", place / "two")
    )
    assert first == second
    assert capsys.readouterr()


def test_the_entry_point_knows_every_command() -> None:
    """One that it does not know would open the window."""
    from viewer.__main__ import COMMANDS
    from viewer.cli import commands

    assert set(COMMANDS) == set(commands.commands)
