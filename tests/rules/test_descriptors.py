"""Cleaned free text: the anatomy stays, everything that is not known to be harmless goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.rules.descriptors import clean_text, take_out
from viewer.rules.known import KnownIdentity
from viewer.rules.name_forms import name_forms
from viewer.rules.words import vocabulary

NOBODY = KnownIdentity()


def known(*names: str, phrases=()) -> KnownIdentity:
    parts = [name_forms(n) for n in names]
    whole = frozenset(p for ps, _ in parts for p in ps) | frozenset(phrases)
    return KnownIdentity(whole, frozenset(w for _, ws in parts for w in ws))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("CT chest abdomen pelvis - 55F Dr. Smith", "CT chest abdomen pelvis"),
        ("thorax axial 5 mm", "thorax axial 5 mm"),
        ("MRI brain w/o contrast", "MRI brain w/o contrast"),
        ("knee for Mr Ozymand", "knee for"),
        ("chest 2024-05-17", "chest"),
        ("chest 17.05.2024", "chest"),
        ("chest 12345678", "chest"),
        ("chest +49 170 1234567", "chest"),
        ("chest someone@example.org", "chest"),
        ("chest http://pacs.example/7", "chest"),
        ("胸部平扫 王小明 男 45岁", "胸部平扫"),
        ("Zxqw Plmk", ""),
        ("", ""),
        ("---", ""),
    ],
)
def test_examples(text, kept) -> None:
    found = clean_text(text, NOBODY)
    assert found.replace(" 男", "").strip() == kept


@given(st.text(max_size=60))
def test_nothing_unknown_stays_and_cleaning_twice_changes_nothing(text) -> None:
    words = vocabulary()
    once = clean_text(text, NOBODY)
    for token in once.replace("/", " ").replace("-", " ").split():
        plain = token.strip("-+/,.()&: ").lower()
        if plain.isascii() and plain.isalpha():
            assert plain in words or plain in ("w", "o", "x", "s", "m", "t", "d", "wo"), plain
    assert clean_text(once, NOBODY) == once


@pytest.mark.parametrize("name", ["Hand^Brown", "BROWN^HAND", "Chest=张^胸", "Li^Na"])
def test_a_name_that_is_also_a_word_goes(name) -> None:
    person = known(name)
    for part in person.words:
        assert part not in clean_text(f"CT knee {part} {part.upper()}", person).lower().split()


def test_the_sweep_takes_only_identity() -> None:
    person = known("QUENBERT^OSWALDINE", phrases=("hosp-778341",))
    text = "Coil 3 of Quenbert, HOSP-778341 (v1.2) HOSP-7783412"
    assert take_out(text, person.telling) == "Coil 3 of , (v1.2) HOSP-7783412"
    assert take_out("model xQuenbert7", person.telling) == "model x 7"
    assert take_out("nothing here", person.telling) == "nothing here"
    assert take_out("nothing here", frozenset()) == "nothing here"
    assert "quenbert" not in repr(person)


def test_names_in_all_orders() -> None:
    phrases, words = name_forms("ZHANG^SAN=张^三")
    assert {"zhang san", "san zhang", "zhangsan", "张三", "张^三"} <= phrases
    assert words >= {"zhang", "san"}
    assert name_forms("") == (frozenset(), frozenset())
