"""Which words of a text were taken out."""

import pytest

from viewer.rules.pieces import taken_out


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ("CT chest abdomen 55F Dr. Smith", "CT chest abdomen", ["55F", "Dr", "Smith"]),
        ("胸部平扫 王小明 男 45岁", "胸部平扫", ["王小明", "男", "45岁"]),
        ("CT chest", "CT chest", []),
        ("Smith", "", ["Smith"]),
        ("", "", []),
        ("t1_mprage_sag", "t1 mprage sag", []),
    ],
)
def test_parts(old, new, gone) -> None:
    assert [old[start : start + length].strip(".") for start, length in taken_out(old, new)] == gone
