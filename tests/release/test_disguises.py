"""Identity in other forms is found: pinyin, identifiers without their joints, Base64 and hexadecimal."""

import base64

import pytest

from tests.factories import KEYRING, ct_slice, put_raw, to_bytes
from viewer.dicom.parsing import parse
from viewer.release.apply import apply
from viewer.release.disguises import as_text_of_bytes, respelt, transcribed
from viewer.release.encode import encoded
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.recipe import Profile, Recipe

NAME, IDENTIFIER = "QUENBERT^OSWALDINE", "HOSP-778341"


def found_in(value: bytes, made=None) -> set[str]:
    """Return what the checker says of an element of numbers that holds these bytes and stays as it is."""
    made = made or ct_slice()
    put_raw(made, 0x00189073, "FD", value + b"\0" * (-len(value) % 8))
    content = to_bytes(made)
    source = parse(content)
    planned = plan(source, Recipe(Profile("basic")), KEYRING)
    findings = verify(encoded(apply(source, planned)), "a", content, planned)[1]
    return {f.message for f in findings if f.code == "identity-left"}


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"patient="])
@pytest.mark.parametrize("text", [NAME, IDENTIFIER])
def test_base64_is_found_at_every_alignment(before, text) -> None:
    coded = base64.b64encode(before + text.encode() + b" and more")
    assert any(form in coded.lower() for form in as_text_of_bytes(text))
    assert found_in(coded)


def test_hexadecimal_and_respelt_identifiers_are_found() -> None:
    assert found_in(IDENTIFIER.encode().hex().encode())
    assert found_in(b"HOSP778341")
    assert not found_in(b"HOSP998341")


def test_pinyin_of_a_chinese_name_is_found() -> None:
    for form in ("Zhang Xiaodong", "xiaodongzhang", "ZHANGXIAODONG"):
        made = ct_slice()
        made.SpecificCharacterSet, made.PatientName = "GB18030", "=张^小东"
        assert found_in(form.encode(), made), form


def test_what_is_too_short_is_not_looked_for() -> None:
    assert transcribed("=") == ()
    assert transcribed("Li^Na") == ()
    assert list(respelt("0012")) == []
    assert list(as_text_of_bytes("ABC")) == []
    assert set(respelt("00-778341")) == {"00778341", "778341", "-778341"}
