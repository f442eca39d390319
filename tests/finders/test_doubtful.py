"""Doubtful finds: which are read, which count, and how lines go on in them."""

from dataclasses import replace

import pytest

from viewer.finders.doubtful import lengthened, maybe_lines, reads_as_text
from viewer.finders.reading import ReadLine
from viewer.finders.text_box import TextBox

SIZE = (480, 640)
LINE = TextBox(100, 50, 200, 70)


def read(text: str = "WANG MEI", sure: float = 0.95, box: TextBox = LINE) -> ReadLine:
    return ReadLine(box, text, sure)


@pytest.mark.parametrize(
    ("text", "sure", "counts"),
    [
        ("MRN 77", 0.8, True),
        ("王梅", 0.9, True),
        ("王", 0.99, False),
        ("R1", 0.99, False),
        ("-|·-", 0.99, False),
        ("QUENBERT", 0.6, False),
    ],
)
def test_what_reads_as_text(text: str, sure: float, counts: bool) -> None:
    assert reads_as_text(read(text, sure)) is counts


def test_long_ones_outside_of_finds_are_read_the_least_doubted_first() -> None:
    unsure, surer = TextBox(300, 200, 360, 215, 0.15), TextBox(300, 300, 360, 315, 0.3)
    square, low, known = TextBox(10, 10, 30, 30), TextBox(10, 400, 60, 404), TextBox(110, 52, 180, 68)
    chosen = maybe_lines([unsure, square, low, known, surer], [LINE], *SIZE)
    assert [box.score for box in chosen] == [0.3, 0.15]
    assert (chosen[0].x0, chosen[0].y1) == (298, 317)


def test_pieces_of_one_line_are_read_together_and_not_too_many_are() -> None:
    parts = [TextBox(100 + 30 * n, 100, 124 + 30 * n, 115) for n in range(3)]
    assert [(box.x0, box.x1) for box in maybe_lines(parts, [], *SIZE)] == [(98, 186)]
    many = [TextBox(10, 12 * n, 60, 12 * n + 8, 0.2) for n in range(30)]
    assert len(maybe_lines(many, [], *SIZE)) == 10
    sure = [replace(box, score=0.5) for box in many]
    assert len(maybe_lines(sure, [], *SIZE)) == len(many) > 10


def test_a_line_goes_on_piece_by_piece_at_both_ends() -> None:
    before, after, further = TextBox(80, 52, 95, 66), TextBox(205, 55, 215, 68), TextBox(225, 55, 240, 68)
    made = lengthened(read(), [further, before, after], *SIZE).box
    assert (made.x0, made.x1, made.y0, made.y1) == (80, 240, 50, 70)


def test_it_goes_on_three_heights_at_most_and_not_beyond_the_frame() -> None:
    trace = TextBox(190, 52, 600, 68)
    assert lengthened(read(), [trace], *SIZE).box.x1 == 200 + 3 * 20
    assert lengthened(read(), [trace], 480, 230).box.x1 == 230


@pytest.mark.parametrize(
    "other",
    [
        TextBox(205, 90, 230, 110),  # another line
        TextBox(205, 30, 230, 70),  # higher than the line
        TextBox(230, 52, 250, 68),  # too far away
        TextBox(120, 52, 180, 68),  # inside
    ],
)
def test_what_is_no_part_of_it_changes_nothing(other: TextBox) -> None:
    line = read()
    assert lengthened(line, [other], *SIZE) is line


def test_a_standing_line_goes_on_downwards() -> None:
    standing = read(box=TextBox(50, 100, 70, 200))
    made = lengthened(standing, [TextBox(52, 205, 66, 220)], *SIZE).box
    assert (made.y0, made.y1, made.x0) == (100, 220, 50)
