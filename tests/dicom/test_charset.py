"""Texts are decoded as declared, or as they plainly are when the declaration is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.dicom.charset import display_name
from viewer.dicom.reading import decode_text

NAME = "ZHANG^SAN=张^三"


@pytest.mark.parametrize(
    ("value", "terms", "text"),
    [
        (NAME.encode("gb18030"), ["GB18030"], NAME),
        (NAME.encode("gbk"), ["GBK"], NAME),
        (NAME.encode(), ["ISO_IR 192"], NAME),
        ("Buc^Jérôme".encode("latin_1"), ["ISO_IR 100"], "Buc^Jérôme"),
        ("Люкceмбypг".encode("iso8859_5"), ["ISO_IR 144"], "Люкceмбypг"),
        (
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            ["", "ISO 2022 IR 87"],
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            ["", "ISO 2022 IR 149"],
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        (b"Wang=\x1b$)A\xcd\xf5^\x1b$)A\xd0\xa1\xb6\xab", ["", "ISO 2022 IR 58"], "Wang=王^小东"),
        # The first byte of 秋 and 春 in JIS is that of "=".
        (b"A^B=" + "秋山^春子".encode("iso2022_jp"), ["", "ISO 2022 IR 87"], "A^B=秋山^春子"),
    ],
)
def test_declared_sets(value: bytes, terms: list[str], text: str) -> None:
    assert decode_text(value, terms, is_name=True) == text


@pytest.mark.parametrize(
    ("term", "encoding", "text"),
    [
        ("ISO-IR 100", "latin_1", "Jérôme"),
        ("ISO IR 144", "iso8859_5", "Россия"),
        ("iso_ir144", "iso8859_5", "Россия"),
        ("ISO_2022_IR_126", "iso8859_7", "Διονυσιος"),
        ("UTF-8", "utf-8", "Διονυσιος"),
        ("GB2312", "gb2312", "张三"),
    ],
)
def test_misspelt_sets(term: str, encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding), [term]) == text


@pytest.mark.parametrize("terms", [[], [""], ["ISO_IR 6"], ["ISO_IR 100"], ["ISO-IR 100"], ["nonsense"]])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("text", [NAME, "TAO^ZHE=陶^喆", "CT胸部平扫", "欧阳^修", "肝脏（增强）"])
def test_chinese_under_a_wrong_or_missing_set(terms: list[str], encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding), terms, is_name=True) == text


@pytest.mark.parametrize("text", [NAME, "CT胸部平扫"])
def test_chinese_bytes_and_their_sets_mixed_up(text: str) -> None:
    assert decode_text(text.encode("gb18030"), ["ISO_IR 192"]) == text
    assert decode_text(text.encode("utf-8"), ["GB18030"]) == text


@pytest.mark.parametrize(
    "text",
    [
        "Müller",
        "Größe",
        "Schößl^Jürgen",
        "Ås",
        "Übung",
        "20 µm",
        "37°C ±2",
        "BJÖRK^ÅKE",
        "Thorax ödem",
        "Núñez",
    ],
)
def test_western_names_are_not_taken_for_chinese(text: str) -> None:
    assert decode_text(text.encode("latin_1"), ["ISO_IR 100"]) == text
    assert decode_text(text.encode("latin_1"), []) == text


@given(st.binary(max_size=60), st.lists(st.text(max_size=20), max_size=3), st.booleans())
def test_never_raises(value: bytes, terms: list[str], is_name: bool) -> None:
    assert isinstance(decode_text(value, terms, is_name=is_name), str)


@given(st.binary(max_size=30), st.sampled_from(["", "ISO 2022 IR 87", "ISO 2022 IR 149", "ISO 2022 IR 58"]))
def test_broken_escapes_never_raise(value: bytes, term: str) -> None:
    for escape in (b"\x1b$B", b"\x1b$)C", b"\x1b$)A", b"\x1b"):
        assert isinstance(decode_text(value + escape + value, ["", term], is_name=True), str)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (NAME, "ZHANG SAN 张三"),
        ("Doe^John^Q^Dr^Jr", "Doe John Q Dr Jr"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "Hong Gildong 洪吉洞 홍길동"),
        ("张^三", "张三"),
        ("=张^三", "张三"),
        ("Doe^John=Doe^John", "Doe John"),
        ("Doe", "Doe"),
        ("^^^", ""),
        ("", ""),
    ],
)
def test_display_name(name: str, shown: str) -> None:
    assert display_name(name) == shown
