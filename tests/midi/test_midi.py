"""The equivalent of MIDI-B on the files that come with pydicom; over more folders it is a command."""

import pytest

from tests.midi.__main__ import bundled, run
from tests.midi.generator import generate
from tests.midi.scorer import contains, score


@pytest.mark.parametrize("options", ["basic", "tcia"])
def test_nothing_leaks_and_hardly_anything_is_lost(tmp_path, options) -> None:
    made, result = run(bundled(), tmp_path, seed=7, options=options)
    assert len(made.planted) > 150
    assert result.checks > 15_000
    assert result.leaks == []
    assert len(result.losses) <= 0.0005 * result.checks, result.losses


def test_the_scorer_sees_what_was_not_cleaned(tmp_path) -> None:
    """Give the scorer the planted files themselves as outputs: nearly every removal must fail."""
    made = generate(bundled()[:40], tmp_path, seed=3, options="tcia")
    result = score(made, tmp_path.rglob("*.dcm"), lambda uid: uid, {})
    for action in ("text_removed", "uid_changed", "date_shifted", "no_value_anywhere", "meta_replaced"):
        assert result.total[action] > 0
        assert result.passed[action] <= 0.02 * result.total[action], action


@pytest.mark.parametrize(
    ("value", "text", "every", "found"),
    [
        ("CT chest", "chest", True, True),
        ("CT chest", "chest abdomen", True, False),
        ("CT chest Hand", "Mr. Hand", False, True),
        ("CT foot", "Hand", False, False),
        ("12.50", "12.5", True, True),
    ],
)
def test_texts_are_compared_as_midi_b_does(value, text, every, found) -> None:
    assert contains(value, text, every=every) is found
