"""Texts are decoded as declared, or as they plainly are when the declaration is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.dicom.charset import declared_by, decoded, display_name, proven
from viewer.dicom.facts import header_of
from viewer.dicom.iso2022 import pieces
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


CODECS = ["latin_1", "iso8859", "iso8859_5", "utf-8", "gb18030", "shift_jis", "euc_kr", "big5", "iso2022_jp"]
ESCAPED = [
    b"\x1b" + part
    for part in (b"(B", b"(J", b")I", b"$B", b"$(D", b"$)A", b"$)C", b"-A", b"-F", b"-L", b"?", b"")
]


@given(
    st.lists(st.one_of(st.binary(max_size=8), st.sampled_from(ESCAPED)), max_size=6), st.sampled_from(CODECS)
)
def test_what_is_proven_gives_the_same_bytes_again(parts: list[bytes], encoding: str) -> None:
    """Without escapes the text alone gives the bytes; with them, every piece in its own set does."""
    value = b"".join(parts)
    for is_name in (False, True):
        text = proven(value, [encoding], is_name=is_name)
        split = pieces(value, encoding, is_name=is_name)
        assert b"".join(piece.raw for piece in split) == value
        if text is not None and b"\x1b" not in value:
            assert text.encode(encoding) == value
        if text is not None:
            assert decoded(value, [encoding], is_name=is_name) == text


@pytest.mark.parametrize(
    ("value", "encodings", "text"),
    [
        (b"\x1b$(D\x30\x21\x1b(B", ["iso8859", "iso2022_jp_2"], "\u4e02"),
        (
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
            ["shift_jis"],
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
        ),
        (b"A=\x1b$)C\xfb\xf3^\xd1\xce\xd4\xd7", ["iso8859", "euc_kr"], "A=洪^吉洞"),
        (b"\x1b-F\xc4\xe9\r\n\xe4", ["latin_1"], "Δι\r\nä"),
        (b"\x1b$B;3", ["iso8859", "iso2022_jp"], "山"),
    ],
)
def test_code_extensions_are_read_and_proven(value: bytes, encodings: list[str], text: str) -> None:
    assert decoded(value, encodings, is_name=b"^" in value) == text
    assert proven(value, encodings, is_name=b"^" in value) == text


@pytest.mark.parametrize(
    ("value", "encodings"),
    [
        (b"\x1b$B;", ["iso8859"]),
        (b"\x1b?x", ["iso8859"]),
        (b"\xff", ["utf-8"]),
        (b"\xc3", ["ascii"]),
        (b"a", ["no such"]),
    ],
)
def test_what_is_not_understood_is_not_proven(value: bytes, encodings: list[str]) -> None:
    assert proven(value, encodings) is None
    assert isinstance(decoded(value, encodings), str)


@pytest.mark.parametrize(
    ("terms", "encodings", "legal"),
    [
        ((), ("iso8859",), True),
        (("ISO_IR 192",), ("utf-8",), True),
        (("ISO_IR 192", "ISO 2022 IR 87"), ("utf-8",), False),
        (("", "ISO 2022 IR 58"), ("iso8859", "gb18030"), True),
        (("ISO 2022 IR 58",), ("gb18030",), False),
        (
            ("ISO 2022 IR 13", "ISO 2022 IR 87", "ISO 2022 IR 159"),
            ("shift_jis", "iso2022_jp", "iso2022_jp_2"),
            True,
        ),
        (("ISO 2022 IR 87", "ISO 2022 IR 6"), ("iso2022_jp", "iso8859"), False),
        (("ISO_IR_100",), ("latin_1",), False),
        (("iso-ir 144",), ("iso8859_5",), False),
        (("UTF8",), ("utf-8",), False),
        (("GB18030", "ISO_IR 100"), ("gb18030",), False),
        (("nonsense",), ("iso8859",), False),
    ],
)
def test_what_terms_declare(terms: tuple[str, ...], encodings: tuple[str, ...], legal: bool) -> None:
    assert declared_by(terms) == (encodings, legal)


def test_the_list_reads_all_texts_of_a_header_together() -> None:
    """The name alone could be Latin; with the description it is Chinese."""
    values = {0x00100010: "李^白".encode("gbk"), 0x00081030: "胸部平扫 增强".encode("gbk")}
    header = header_of(values, None, "", is_directory=False, size=0)
    assert (header.patient_name, header.study_description) == ("李^白", "胸部平扫 增强")
