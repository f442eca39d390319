"""Identifiers and dates in texts: valid and invalid synthetic ones, and what only looks like one."""

# ruff: noqa: E501

from datetime import date

import pytest

from viewer.rules.identifiers import identifiers
from viewer.rules.known import KnownIdentity
from viewer.rules.name_forms import name_forms
from viewer.rules.plain_text import Span, merged, plain_text, without
from viewer.rules.written_dates import written_dates


def kinds(text: str, *, sure_only: bool = False) -> set[str]:
    """Return the kinds of identifiers that cover a whole text."""
    plain = plain_text(text).text
    found = {s.kind for s in identifiers(plain, sure_only=sure_only) if s.end - s.start >= len(plain) - 1}
    whole = any(d.full and d.start == 0 and d.end == len(plain) for d in written_dates(plain))
    return found | ({"date"} if whole else set())


@pytest.mark.parametrize(
    ("kind", "text", "valid"),
    [
        ("resident ID", "990000180001010017", True),
        ("resident ID", "990000180002290014", False),
        ("resident ID", "990000180001010011", False),
        ("resident ID", "99000018000101001", False),
        ("resident ID", "99000018000101005X", True),
        ("resident ID", "99000018000101005x", True),
        ("resident ID", "９９００００１８０００１０１００１７", True),
        ("resident ID", "990000 18000101 0017", True),
        ("resident ID", "990000000101001", True),
        ("resident ID", "990000001301001", False),
        ("bank card", "6200000000000005", True),
        ("bank card", "4111111111111112", False),
        ("bank card", "4111 1111 1111 1111", True),
        ("bank card", "622200000000000009", True),
        ("SSN", "219-09-9999", True),
        ("SSN", "987-65-4320", False),
        ("SSN", "000-12-3456", False),
        ("SSN", "123-00-4567", False),
        ("SSN", "123-45-0000", False),
        ("NHS number", "999 000 0018", True),
        ("NHS number", "999 000 0019", False),
        ("NHS number", "9990000018", True),
        ("NI number", "AB123456C", True),
        ("NI number", "QQ123456C", False),
        ("NI number", "GB123456A", False),
        ("Hong Kong ID", "A123456(3)", True),
        ("Hong Kong ID", "A123456(4)", False),
        ("Hong Kong ID", "Z000001(A)", True),
        ("Taiwan ID", "A123456789", True),
        ("Taiwan ID", "A123456780", False),
        ("social credit code", "12110000000000000K", True),
        ("social credit code", "12110000000000000A", False),
        ("NPI", "1234567893", True),
        ("NPI", "1234567890", False),
        ("SIN", "046454286", True),
        ("SIN", "046454287", False),
        ("IBAN", "GB21TEST00000012345678", True),
        ("IBAN", "GB00TEST00000012345678", False),
        ("mobile", "13800000000", True),
        ("mobile", "+86 138 0000 0000", True),
        ("mobile", "12800000000", False),
        ("mobile", "1380000000", False),
        ("telephone", "010-12345678", False),
        ("telephone", "000-20000000", True),
        ("telephone", "400-000-0000", True),
        ("telephone", "(202) 555-0143", True),
        ("telephone", "202-555-0143", True),
        ("telephone", "(123) 555-0143", False),
        ("e-mail", "zhang.san@example.com", True),
        ("e-mail", "a@b", False),
        ("IP address", "192.0.2.17", True),
        ("IP address", "256.1.1.1", False),
        ("IP address", "1.2.840.10008.5.1.4.1.1.2", False),
        ("IP address", "2001:db8::17", True),
        ("URL", "https://pacs.example.org/study?id=42", True),
        ("URL", "http://192.0.2.17:8042/app", True),
        ("date", "2021-03-12", True),
        ("date", "20210312", True),
        ("date", "2021年3月12日", True),
        ("date", "二〇二一年三月十二日", True),
        ("date", "12-MAR-2021", True),
        ("date", "March 12th, 2021", True),
        ("date", "03/12/21", True),
        ("date", "20210230", False),
        ("date", "民国110年3月12日", True),
        ("date", "令和3年3月12日", True),
        ("date", "12MAR21", True),
        ("date", "2021.03.12", True),
        ("date", "12.3.4", False),
        ("plate", "京A·12345", True),
        ("plate", "粤B D12345", True),
        ("plate", "京I12345", False),
        ("coordinates", "39.9042, 116.4074", True),
        ("coordinates", "139.9042, 116.4074", False),
        ("labelled number", "住院号:0012345", True),
        ("labelled number", "MRN# A-0012345", True),
        ("labelled number", "检查号：CT20210312001", True),
        ("labelled number", "Acc# 8812345", True),
        ("labelled number", "L4-5", False),
        ("labelled number", "T2 FLAIR", False),
        ("name", "Dr. Hand", True),
        ("name", "hand AP", False),
        ("name", "MR Brain", False),
        ("name", "DR Chest PA", False),
        ("name", "MR Ozymand", True),
        ("name", "患者李雷", True),
        ("name", "买买提·艾力", True),
        ("name", "病人胸部", False),
        ("name", "检查医生", False),
        ("address", "12 Oak Street", True),
        ("address", "江城市东湖区桂子山街道7号", True),
        ("account", "微信：abc1234", True),
    ],
)
def test_kinds(kind, text, valid) -> None:
    assert (kind in kinds(text)) is valid


@pytest.mark.parametrize(
    "text",
    ["syngo CT 2012B", "5.1.0.3", "VB17A", "1024x1024", "120 kVp 80 mAs", "3.5.2 build 77", "B70f 1.5 mm"],
)
def test_versions_and_settings_are_no_sure_identifiers(text) -> None:
    assert identifiers(text, sure_only=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "12.11.2021", "2021/11/12", "12 Nov 2021", "Nov 12 2021", "12NOV21", "11/12/21", "12-11-2021", "20211112",
        "2021年11月12日", "21年11月12日", "11月12日", "十一月十二日", "二零二一年十一月十二日", "民国110年11月12日", "令和3年11月12日",
        "2021 - 11 - 12", "12th of November 2021", "November 2021", "2021年11月",
    ],
)  # fmt: skip
def test_a_date_is_told_in_every_form(text) -> None:
    found = written_dates(plain_text(f"seen {text} again").text)
    assert len(found) == 1
    assert found[0].tells(frozenset((date(2021, 11, 12),)))
    assert not found[0].tells(frozenset((date(2019, 4, 30),)))


@pytest.mark.parametrize(
    "text", ["Version 1.2.3", "1.2.840.10008.1.2", "L4-5", "12/34/56/78", "3/4", "mar", "T2 / 14"]
)
def test_what_is_no_date(text) -> None:
    assert not [d for d in written_dates(text) if d.full]


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Zhang^XiaoDong=张^小东=", text)
        for text in (
            "zhang xiaodong", "xiaodong zhang", "zhangxiaodong", "zhang xiao dong", "xiao-dong zhang", "zhang, xiaodong",
            "张小东", "张^小东", "x. zhang", "zhang xd",
        )
    ]
    + [("张小东", "zhang xiaodong"), ("欧阳修文", "ouyang xiuwen"), ("单^雪", "shan xue"), ("吕布", "lv bu"), ("吕布", "lu bu")]
    + [("Smith^John^Adam", text) for text in ("john smith", "smith john", "smith, john", "j. smith", "smith ja", "smith^john")],
)  # fmt: skip
def test_spellings_of_a_name(name, spelling) -> None:
    assert spelling in name_forms(name).phrases


def test_full_width_and_invisible_letters_do_not_hide_an_identifier() -> None:
    plain = plain_text("tel：１３８０\u200b０００００００ ok")
    found = [plain.back(span) for span in identifiers(plain.text, sure_only=True)]
    assert without("tel：１３８０\u200b０００００００ ok", found).split()[-1] == "ok"
    assert "３" not in without("tel：１３８０\u200b０００００００ ok", found)


def test_spans_that_touch_become_one() -> None:
    assert merged([Span(3, 5, "b"), Span(0, 3, "a"), Span(8, 9, "c")]) == [Span(0, 5, "a"), Span(8, 9, "c")]
    assert without("abc", []) == "abc"


def test_known_identity_is_not_shown() -> None:
    known = KnownIdentity(frozenset(("quenbert",)), frozenset(), frozenset((date(2020, 1, 1),)))
    assert "quenbert" not in repr(known)
    assert "2020" not in repr(known)
