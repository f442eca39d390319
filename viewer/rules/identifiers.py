"""Identifiers in texts: numbers with check digits, labelled numbers, addresses, titled names."""

import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from stdnum import iban, luhn
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError
from stdnum.gb import nhs
from stdnum.iso7064 import mod_11_2

from viewer.rules.plain_text import Span
from viewer.rules.words import han_words, vocabulary

_HAN: Final = "\u3400-\u9fff"
_NOT_BEFORE: Final = r"(?<![0-9A-Za-z])"
_NOT_AFTER: Final = r"(?![0-9A-Za-z])"


class Identifier(NamedTuple):
    """One kind of identifier. `sure`: a match is one even in a text of which nothing else is known."""

    kind: str
    pattern: re.Pattern[str]
    holds: Callable[[str], int | bool]
    """Given a match: how many of its characters belong to the identifier; True for all of them."""
    sure: bool


def _always(text: str) -> bool:
    return True


def _digits(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text).upper()


def _checked(validate: Callable[[str], object]) -> Callable[[str], bool]:
    """Return a test from a function that raises ValidationError for a wrong check digit."""

    def holds(text: str) -> bool:
        try:
            validate(_digits(text))
        except ValidationError:
            return False
        return True

    return holds


def _resident_id(text: str) -> bool:
    """Return whether 18 characters are a Chinese resident number: ISO 7064 MOD 11-2, a real date."""
    number = _digits(text)
    return mod_11_2.is_valid(number) and _is_day(number[6:14])


def _old_resident_id(text: str) -> bool:
    return _is_day("19" + _digits(text)[6:12]) or _is_day("20" + _digits(text)[6:12])


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _hong_kong_id(text: str) -> bool:
    """Return whether the check digit of a Hong Kong identity card number fits (weights 9 to 2, MOD 11)."""
    number = _digits(text).rjust(9)
    values = [36 if c == " " else int(c, 36) for c in number[:8]]
    rest = (11 - sum(v * w for v, w in zip(values, range(9, 1, -1), strict=True)) % 11) % 11
    return number[8] == ("A" if rest == 10 else str(rest))


def _taiwan_id(text: str) -> bool:
    """Return whether the check digit of a Taiwanese identity number fits (MOD 10)."""
    letter, digits = text[0].upper(), text[1:]
    value = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(letter) + 10
    total = (
        value // 10 + value % 10 * 9 + sum(int(d) * w for d, w in zip(digits, range(8, 0, -1), strict=False))
    )
    return (10 - total % 10) % 10 == int(digits[8])


def _provider(text: str) -> bool:
    return luhn.is_valid("80840" + _digits(text)[-10:])


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_place(text: str) -> bool:
    latitude, _, longitude = text.partition(",")
    return abs(float(latitude)) <= 90 and abs(float(longitude)) <= 180


def _titled(text: str) -> int | bool:
    """Return how much of a title with names is a person; MR and DR are also modalities, MS is also a disease.

    The first word after a plain title is a name whatever it means (Dr. Hand); further words are names only
    where they mean nothing else (Dr. Smith CHEST).
    """
    head = re.match(r"[A-Za-z]+\.?[\s:^]*", text)
    title = head[0].strip(" :^\t\n") if head else ""
    words = list(re.finditer(r"[A-Za-z][A-Za-z'’-]*\.?", text[head.end() :])) if head else []
    plain = title.endswith(".") or (title[1:].islower() and title[0].isupper()) or title.lower() == "prof"
    if head is None or not words or not (plain or _is_unknown(words[0][0])):
        return False
    end = words[0].end()
    for word in words[1:]:
        if not (_is_unknown(word[0]) or word[0].endswith(".")):
            break
        end = word.end()
    return head.end() + end


def _is_street(text: str) -> bool:
    """Return whether what stands before Street is a name: not "3D TOF Dr" of "3D TOF Dr. Smith"."""
    return any(_is_unknown(word) or word[1:].islower() for word in text.split()[1:-1])


def _is_unknown(word: str) -> bool:
    return word.lower().strip(".") not in vocabulary()


def _han_labelled(text: str) -> int | bool:
    """Return how much of a label with ideographs is a label and a name: at most four, up to a known word."""
    head = re.match(rf"(?:{_HAN_LABELS})\s*:?\s*", text)
    if head is None:
        return False
    name = text[head.end() :]
    if "·" in name:
        return True
    known = han_words().search(name)
    length = min(known.start() if known and len(known[0]) > 1 else len(name), 4)
    return head.end() + length if length > 1 else False


def _han_titled(text: str) -> bool:
    known = han_words().match(text)
    return known is None or len(known[0]) < 2


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


_LABELS: Final = (
    r"MRN|PID|patient\s*(?:id|no|number)|pat\.?\s*(?:id|no)|hosp(?:ital)?\s*(?:no|nr|number|id)|UHID|NHS(?:\s*no)?|SSN|"
    r"acc(?:ession)?(?=\s*(?:[:#]|no|num))|acc#|order(?=\s*(?:[:#]|no|num))|req(?:uest)?(?=\s*(?:[:#]|no|num))|"
    r"visit(?=\s*(?:[:#]|no|num))|(?:case|chart|file|record|episode|encounter|account|policy|insurance)\s*(?:no|nr|number|id|#)|"
    r"tel(?:ephone)?|phone|mobile|fax|cell|"
    r"病历|病歷|病案|住院|门诊|門診|就诊卡|诊疗卡|检查|檢查|影像|登记|申请单|床|医保|社保|健康卡|条码|身份证|电话|手机|编号|流水"
)
_LABELLED: Final = (
    rf"(?i:(?<![A-Za-z])(?:{_LABELS}))(?i:\s*(?:no|num(?:ber)?|id|号码?|號碼?|卡号|单号)\.?)?\s*[:：#＃=]?\s*"
    r"(?=[-A-Za-z/ ()+]{0,6}\d)[A-Za-z0-9(+](?:[-A-Za-z0-9/()]| (?=[\d(])){0,23}"
)
_LATIN_NAME: Final = r"[A-Z][A-Za-z'’-]*"
_TITLED: Final = (
    r"(?<![A-Za-z])(?i:dr|prof|professor|mr|mrs|ms|miss|sir|sister|nurse|radiographer|technologist|"
    r"physician|md|rn)(?![A-Za-z])\.?[\s:^]*"
    rf"(?:{_LATIN_NAME}|[A-Z]\.)(?:[\s^]+(?:{_LATIN_NAME}|[A-Z]\.)(?![A-Za-z])){{0,2}}"
)
_AFTER_LABEL: Final = (
    r"(?<![A-Za-z])(?i:patient(?:'s)?\s*name|name|reported\s+by|performed\s+by|referred\s+by|operator|"
    r"seen\s+by|for\s+patient|attn|c/o)\s*[:=]\s*"
    rf"{_LATIN_NAME}(?:[\s,^]+{_LATIN_NAME}){{0,2}}"
)
_HAN_LABELS: Final = (
    "患者姓名|姓名|患者|病人|报告医师|报告医生|审核医师|申请医生|医师|医生|技师|护士|主任|教授|操作者"
)
_HAN_LABELLED: Final = rf"(?:{_HAN_LABELS})\s*:?\s*[{_HAN}·]{{2,10}}"
_HAN_TITLED: Final = (
    rf"[{_HAN}]{{1,3}}(?:医生|医师|大夫|主任|教授|护士|技师|先生|女士|小姐|老师|同志|之子|之女|之婴)"
)
_MIDDLE_DOT: Final = rf"[{_HAN}]{{2,8}}[·・•][{_HAN}]{{2,8}}"
_PLACES: Final = (
    rf"[{_HAN}]{{2,12}}(?:省|自治区|市|区|县|镇|乡|街道|路|街|巷|弄|村|小区)[{_HAN}A-Za-z]{{0,12}}?\d{{1,5}}\s*(?:号|號|栋|幢|单元|室|弄)"
    rf"(?:[{_HAN}\d-]{{0,12}}(?:号|栋|幢|单元|室|楼))?"
    rf"|[{_HAN}]{{2,8}}(?:省|自治区|市)[{_HAN}]{{1,8}}(?:市|区|县)(?:[{_HAN}]{{1,8}}(?:镇|乡|街道|路|村))?"
)
_STREET: Final = (
    r"(?<![A-Za-z\d])\d{1,5}[A-Za-z]?,?\s+(?:[A-Z][A-Za-z'.-]+\s+){1,3}"
    r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|dr|close|court|ct|boulevard|blvd|square|way|place"
    r"|terrace|crescent|parkway|pkwy|mews|gardens)\b\.?"
)
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


def _one(
    kind: str, pattern: str, holds: Callable[[str], int | bool] = _always, *, sure: bool = True
) -> Identifier:
    return Identifier(kind, re.compile(pattern), holds, sure)


IDENTIFIERS: Final = (
    _one("e-mail", r"[\w.%+-]+@(?:[\w-]+\.)+[A-Za-z]{2,24}"),
    _one(
        "URL", rf"(?i:(?<![A-Za-z])(?:https?|ftp|dicom|file)://[^\s{_HAN}]+|(?<![A-Za-z])www\.[^\s{_HAN}]+)"
    ),
    _one("labelled number", _LABELLED, _has_digit),
    _one(
        "resident ID",
        r"(?<!\d)[1-9]\d{5}[ -]?(?:18|19|20)\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{3}[\dXx](?!\d)",
        _resident_id,
    ),
    _one(
        "resident ID",
        r"(?<!\d)[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)",
        _old_resident_id,
        sure=False,
    ),
    _one("bank card", r"(?<![\d.])[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\d.])", _checked(luhn.validate)),
    _one(
        "IBAN",
        rf"{_NOT_BEFORE}[A-Z]{{2}}\d{{2}}(?: ?[A-Z0-9]{{4}}){{2,7}} ?[A-Z0-9]{{0,4}}{_NOT_AFTER}",
        _checked(iban.validate),
    ),
    _one(
        "social credit code",
        rf"{_NOT_BEFORE}[0-9A-HJ-NPQRTUWXY]{{2}}\d{{6}}[0-9A-HJ-NPQRTUWXY]{{10}}{_NOT_AFTER}",
        _checked(uscc.validate),
    ),
    _one("SSN", r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
    _one("NHS number", r"(?<![\d-])\d{3}[ -]\d{3}[ -]\d{4}(?![\d-])", _checked(nhs.validate)),
    _one("NHS number", r"(?<![\d.])\d{10}(?![\d.])", _checked(nhs.validate), sure=False),
    _one(
        "NI number",
        rf"{_NOT_BEFORE}(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
        rf"(?: ?\d{{2}}){{3}} ?[A-D]{_NOT_AFTER}",
    ),
    _one("NPI", r"(?<![\d.])[12]\d{9}(?![\d.])", _provider, sure=False),
    _one("SIN", r"(?<![\d.])\d{3}[ -]\d{3}[ -]\d{3}(?![\d.-])", _checked(luhn.validate)),
    _one("SIN", r"(?<![\d.])\d{9}(?![\d.])", _checked(luhn.validate), sure=False),
    _one("Hong Kong ID", rf"{_NOT_BEFORE}[A-Z]{{1,2}}\d{{6}} ?\([0-9A]\)", _hong_kong_id),
    _one("Hong Kong ID", rf"{_NOT_BEFORE}[A-Z]{{1,2}}\d{{6}}[0-9A]{_NOT_AFTER}", _hong_kong_id, sure=False),
    _one("Taiwan ID", rf"{_NOT_BEFORE}[A-Z][12]\d{{8}}{_NOT_AFTER}", _taiwan_id),
    _one("Macau ID", r"(?<!\d)[157]\d{6}\(\d\)"),
    _one("passport", rf"{_NOT_BEFORE}(?:E[A-Z]?|[GDSP])\d{{7,8}}{_NOT_AFTER}", sure=False),
    _one("travel permit", rf"{_NOT_BEFORE}(?:[HM]\d{{8,10}}|[CW]\d{{8}}){_NOT_AFTER}", sure=False),
    _one("permanent resident card", rf"{_NOT_BEFORE}[A-Z]{{3}}\d{{12}}{_NOT_AFTER}", sure=False),
    _one("officer card", r"[军武兵士文海空北沈兰济南广成京]字?第\d{6,8}号?"),
    _one("mobile", r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\d.])"),
    _one(
        "telephone",
        r"(?<![\d.])0\d{2,3}[- ][2-9]\d{6,7}(?:[-转]\d{1,6})?(?![\d.])"
        r"|(?<!\d)[48]00[- ]\d{3}[- ]?\d{4}(?!\d)",
    ),
    _one(
        "telephone",
        r"\+\d{1,3}[-. ()\d]{6,16}\d|(?<![\d.-])\(?[2-9]\d{2}\)?[-. ]{1,2}\d{3}[-. ]\d{4}(?![\d.-])",
    ),
    _one(
        "IP address",
        r"(?<![\d.])(?:192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}(?![.\d])",
        _is_address,
    ),
    _one("IP address", r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![.\d])", _is_address, sure=False),
    _one(
        "IP address",
        r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z:])",
        _is_address,
    ),
    _one("MAC address", r"(?<![0-9A-Za-z:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![0-9A-Za-z:-])"),
    _one("coordinates", r"(?<![\d.])-?\d{1,3}\.\d{4,},\s*-?\d{1,3}\.\d{4,}", _is_place),
    _one("plate", rf"[{_PROVINCES}][A-HJ-NP-Z][·. ]?[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳]"),
    _one(
        "account", r"(?:微信号?|(?i:WeChat|wx))\s*[:：]\s*[A-Za-z][-\w]{5,19}|(?i:QQ)\s*[:：]\s*[1-9]\d{4,10}"
    ),
    _one("address", _PLACES),
    _one("address", _STREET, _is_street),
    _one("name", _TITLED, _titled),
    _one("name", _AFTER_LABEL),
    _one("name", _HAN_LABELLED, _han_labelled),
    _one("name", _HAN_TITLED, _han_titled, sure=False),
    _one("name", _MIDDLE_DOT),
    _one("postcode", r"邮编\s*[:：]?\s*[1-8]\d{5}(?!\d)"),
)


def identifiers(text: str, *, sure_only: bool) -> list[Span]:
    """Return the identifiers in a text (already in plain form).

    `sure_only`: without those that need a context, for texts that otherwise stay as they are.
    """
    found = []
    for one in IDENTIFIERS:
        if one.sure or not sure_only:
            for match in one.pattern.finditer(text):
                held = one.holds(match[0])
                if held:
                    end = match.end() if held is True else match.start() + held
                    found.append(Span(match.start(), end, one.kind))
    return found
