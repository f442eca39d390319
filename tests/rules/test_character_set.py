"""What a file declares, times what its letters really are: how it is read, shown, searched and written."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_charset_files
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import ct_slice, put_raw, to_bytes
from tests.rules.test_private import SAFE, site
from tests.rules.test_private_sequences import SEQUENCE, content, holding, items
from viewer.dicom.decisions import Action, Basis, Severity
from viewer.dicom.reading import State, reading_of
from viewer.release.apply import apply
from viewer.release.encode import encoded
from viewer.release.run import parse
from viewer.release.verify import verify
from viewer.rules.character_set import fits
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Override, Profile, Recipe
from viewer.rules.rows import rows
from viewer.rules.surrogates import Keyring

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
KEYRING = Keyring(b"k" * 32)
CHARACTER_SET, NAME, HOSPITAL = 0x00080005, 0x00100010, 0x00080080
KEPT = 0x00281055
"""Window Center & Width Explanation: an unlisted LO of many values, which stays."""

LATIN = ("MÜLLER^JÖRG", "Schädel für Übersicht")
FRENCH = ("GONÇALVES^ANDRÉ", "côté gauche, après")
DANISH = ("SØRENSEN^ÅSE", "højre skulder på række")
CHINESE = ("ZHANG^SANFENG=张^三丰", "胸部平扫 CT 增强")
TRADITIONAL = ("WANG^XIAOMING=王^小明", "腦部電腦斷層 CT")
JAPANESE = ("YAMADA^TAROU=山田^太郎=やまだ^たろう", "胸部のレントゲン写真")
KOREAN = ("HONG^GILDONG=홍^길동", "흉부 촬영 조영제 사용 안함 정상 소견")
MIXED = ("LI^NA=李^娜", "Größe der 肝脏 ± 2°")

UTF8_WRONGLY = [
    None,
    "",
    "ISO_IR 6",
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO-IR 192",
    "UTF-8",
    "ISO_IR_100",
    "nonsense",
]
OF_LATIN = [None, "", "ISO_IR 6", "ISO_IR 100", "ISO_IR_100", "nonsense"]


def _case(declared, codec, texts, state):
    shown = "none" if declared is None else declared or "empty"
    return pytest.param(declared, codec, texts, state, id=f"{shown}-{codec}-{texts[0].split('^')[0]}")


NONE = (None, "", "ISO_IR 6", "nonsense")
WRONG = [
    *(
        _case(declared, "utf-8", texts, State.UNDECLARED if declared in NONE else State.MISDECLARED)
        for declared in UTF8_WRONGLY
        for texts in (LATIN, FRENCH, CHINESE, TRADITIONAL, JAPANESE, KOREAN, MIXED)
    ),
    *(
        _case(declared, codec, texts, State.UNDECLARED if declared in NONE else State.MISDECLARED)
        for declared in OF_LATIN
        for codec, texts in (
            ("gb18030", CHINESE),
            ("gbk", CHINESE),
            ("shift_jis", JAPANESE),
            ("big5", TRADITIONAL),
            ("euc_kr", KOREAN),
            ("iso2022_jp", JAPANESE),
        )
    ),
    *(_case("GB18030", "utf-8", texts, State.MISDECLARED) for texts in (CHINESE, JAPANESE, MIXED)),
    *(_case("GBK", "utf-8", texts, State.MISDECLARED) for texts in (CHINESE, KOREAN)),
    *(
        _case("ISO_IR 192", codec, texts, State.MISDECLARED)
        for codec, texts in (("gb18030", CHINESE), ("shift_jis", JAPANESE), ("big5", TRADITIONAL))
    ),
    _case("ISO-IR 100", "latin_1", LATIN, State.MISDECLARED),
    _case("ISO_IR_100", "latin_1", DANISH, State.MISDECLARED),
    _case("GB2312", "gb2312", CHINESE, State.MISDECLARED),
    _case("\\ISO 2022 IR 149", "euc_kr", KOREAN, State.MISDECLARED),
    _case("\\ISO 2022 IR 87", "shift_jis", JAPANESE, State.MISDECLARED),
    _case("\\ISO 2022 IR 58", "gb2312", CHINESE, State.MISDECLARED),
    _case("ISO 2022 IR 87\\ISO 2022 IR 6", "iso2022_jp", JAPANESE, State.MISDECLARED),
    _case("ISO_IR 13", "shift_jis", JAPANESE, State.MISDECLARED),
]
RIGHT = [
    _case("ISO_IR 100", "latin_1", LATIN, State.DECLARED),
    _case("ISO_IR 100", "latin_1", FRENCH, State.DECLARED),
    _case("ISO_IR 100", "latin_1", DANISH, State.DECLARED),
    _case("ISO 2022 IR 100", "latin_1", LATIN, State.DECLARED),
    _case("ISO_IR 192", "utf-8", LATIN, State.DECLARED),
    _case("ISO_IR 192", "utf-8", CHINESE, State.DECLARED),
    _case("ISO_IR 192", "utf-8", MIXED, State.DECLARED),
    _case("GB18030", "gb18030", CHINESE, State.DECLARED),
    _case("GB18030", "gb18030", MIXED, State.DECLARED),
    _case("GBK", "gbk", CHINESE, State.DECLARED),
    _case("ISO_IR 144", "iso8859_5", ("ИВАНОВ^ИВАН", "Обзор грудной клетки"), State.DECLARED),
    _case("ISO_IR 126", "iso8859_7", ("ΔΙΟΝΥΣΙΟΣ", "Ακτινογραφία θώρακος"), State.DECLARED),
    _case("ISO_IR 166", "iso8859_11", ("สมชาย^ใจดี", "ทรวงอก"), State.DECLARED),
    _case("\\ISO 2022 IR 87", "iso2022_jp", JAPANESE, State.DECLARED),
    _case("ISO 2022 IR 6\\ISO 2022 IR 87", "iso2022_jp", JAPANESE, State.DECLARED),
]


def built(declared: str | None, codec: str, texts: tuple[str, str]) -> Dataset:
    """Return a CT slice with a name, a text that stays, and the same in an item that stays."""
    dataset = ct_slice()
    if declared is None:
        del dataset.SpecificCharacterSet
    else:
        put_raw(dataset, CHARACTER_SET, "CS", declared.encode() + b" " * (len(declared) % 2))
    name, text = (even(value.encode(codec)) for value in texts)
    put_raw(dataset, NAME, "PN", name)
    put_raw(dataset, KEPT, "LO", text)
    item = Dataset()
    put_raw(item, 0x00080104, "LO", text)
    dataset.AnatomicRegionSequence = Sequence([item])
    return dataset


def even(value: bytes) -> bytes:
    return value + b" " * (len(value) % 2)


BASIC = Profile("b")


def run(dataset: Dataset, profile: Profile = BASIC):
    """Return plan, output bytes and findings; findings of the plan that hold the instance come alone."""
    source = to_bytes(dataset)
    made = plan(parse(source), Recipe(profile), KEYRING)
    if any(finding.severity is Severity.ERROR for finding in made.findings):
        return made, b"", made.findings
    output = encoded(apply(parse(source), made))
    return made, output, (*made.findings, *verify(output, "x", source, made)[1])


@pytest.mark.parametrize(("declared", "codec", "texts", "state"), [*WRONG, *RIGHT])
def test_read_and_shown_right(declared, codec, texts, state) -> None:
    source = parse(to_bytes(built(declared, codec, texts)))
    reading = reading_of(source)
    assert (reading.state, reading.certain) == (state, True)
    assert reading.is_wrong is (state is not State.DECLARED)
    shown = {row.path: row.old for row in rows(source, plan(source, Recipe(Profile("b")), KEYRING))}
    assert (shown[(NAME,)], shown[(KEPT,)]) == texts
    assert shown[(0x00082218, 0, 0x00080104)] == texts[1]


@pytest.mark.parametrize(("declared", "codec", "texts", "state"), WRONG)
def test_what_is_declared_wrongly_is_written_in_utf8(declared, codec, texts, state) -> None:
    made, output, findings = run(built(declared, codec, texts))
    assert [(f.code, f.severity) for f in findings] == [("character-set", Severity.WARNING)]
    written = parse(output)
    assert written.get_item(CHARACTER_SET).value in (b"ISO_IR 192", "ISO_IR 192")
    assert written.get_item(KEPT).value == even(texts[1].encode())
    assert written[KEPT].value == texts[1]
    assert written.AnatomicRegionSequence[0].get_item(0x00080104).value == even(texts[1].encode())
    recoded = [d for d in made.decisions if d.why.basis is Basis.CHARACTER_SET and d.action is Action.CLEAN]
    assert {0x00080104, KEPT} <= {d.path[-1] for d in recoded}
    assert not any(part.encode(e) in output for part in texts[0].split("=") for e in (codec, "utf-8"))


@pytest.mark.parametrize(("declared", "codec", "texts", "state"), RIGHT)
def test_what_is_declared_right_stays_byte_for_byte(declared, codec, texts, state) -> None:
    dataset = built(declared, codec, texts)
    made, output, findings = run(dataset)
    assert findings == ()
    written = parse(output)
    for tag in (CHARACTER_SET, KEPT):
        before, after = parse(to_bytes(dataset)).get_item(tag).value, written.get_item(tag).value
        assert after == before
    assert all(d.why.basis is not Basis.CHARACTER_SET for d in made.decisions)


@pytest.mark.skipif(not shutil.which("dcmconv"), reason="DCMTK is not installed.")
@pytest.mark.parametrize(
    ("declared", "codec", "texts", "state"),
    [*WRONG[::3], *(case for case in RIGHT if "2022" not in case.values[0])],
)
def test_dcmtk_reads_the_same_letters(declared, codec, texts, state, tmp_path) -> None:
    path = tmp_path / "out.dcm"
    path.write_bytes(run(built(declared, codec, texts))[1])
    utf8 = tmp_path / "utf8.dcm"
    done = subprocess.run(["dcmconv", "+U8", path, utf8], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert parse(utf8.read_bytes()).get_item(KEPT).value.rstrip(b" \0").decode() == texts[1]


@pytest.mark.parametrize("texts", [LATIN, FRENCH, DANISH, ("NÚÑEZ^JOSÉ", "20 µm ±2°")])
@pytest.mark.parametrize("declared", [None, "", "ISO_IR 6", "nonsense"])
def test_western_letters_without_a_declaration_stay_with_a_warning(declared, texts) -> None:
    _made, output, findings = run(built(declared, "latin_1", texts))
    assert [(f.code, f.severity) for f in findings] == [("character-set-doubtful", Severity.WARNING)]
    assert parse(output).get_item(KEPT).value == even(texts[1].encode("latin_1"))
    assert texts[0].split("^")[0].encode("latin_1") not in output


@pytest.mark.parametrize(
    "words", ["Müller", "Gonçalves", "Sørensen", "ÅÄÖ", "jäääär", "Größe ÄÖÜ", "INJEÇÃO", "ÞÓRÐUR"]
)
@pytest.mark.parametrize("declared", [None, "ISO_IR 100", "ISO_IR 192"])
def test_western_letters_are_never_read_as_others(declared, words) -> None:
    reading = reading_of(built(declared, "latin_1", (words, words)))
    assert reading.encodings[0] in ("iso8859", "latin_1", "utf-8")
    assert not reading.is_wrong


@given(
    st.text(st.characters(codec="latin_1", categories=("Lu", "Ll")), min_size=1, max_size=12).filter(
        lambda t: not t.isascii()
    )
)
def test_words_of_western_letters_stay_western(word) -> None:
    """A word with a plain letter beside every accented one, as words of Western languages have."""
    spelt = "".join(f"{letter}e" for letter in word)
    reading = reading_of(built("ISO_IR 100", "latin_1", (spelt, spelt)))
    assert reading.encodings == ("latin_1",)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_text_declared_right_is_byte_identical(data) -> None:
    declared, codec = data.draw(
        st.sampled_from([("ISO_IR 100", "latin_1"), ("ISO_IR 192", "utf-8"), ("GB18030", "gb18030")])
    )
    letters = st.characters(codec=codec, categories=("Lu", "Ll", "Lo", "Nd"))
    text = data.draw(st.text(letters, max_size=30)).replace("\\", "")
    dataset = built(declared, codec, ("Nobody", text))
    made, output, _findings = run(dataset)
    if made.findings or any(d.path == (KEPT,) and d.action is not Action.KEEP for d in made.decisions):
        return
    assert parse(output).get_item(KEPT).value == even(text.encode(codec))


_PARTS = [
    *(
        text.encode(codec)
        for codec, text in (("gbk", "胸部"), ("utf-8", "胸部é"), ("big5", "王小明"), ("euc_kr", "홍"))
    ),
    *(b"\x1b" + part for part in (b"$B", b"(B", b"$)C", b"$)A", b"-A", b"")),
    "やま".encode("shift_jis"),
    "ü".encode("latin_1"),
    b"plain",
    b"\\",
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(_PARTS), st.binary(max_size=3)), max_size=5),
    st.sampled_from(
        [None, "", "ISO_IR 100", "ISO_IR 192", "GB18030", "GBK", "\\ISO 2022 IR 87", "ISO_IR 13", "x"]
    ),
)
def test_whatever_the_bytes_are_nothing_wrong_is_released(parts, declared) -> None:
    """Held with a sentence, or written so that the checker finds every text as it was."""
    dataset = built(declared, "ascii", ("X", "X"))
    put_raw(dataset, KEPT, "LO", even(b"".join(parts)[:60]))
    _made, output, findings = run(dataset)
    errors = {f.code for f in findings if f.severity is Severity.ERROR}
    assert errors <= ({"character-set-unproven"} if not output else set())


def test_half_a_backslash_parts_no_value() -> None:
    """The second byte of 昞 in GBK is a backslash."""
    text = "昞昞\\胸部平扫昞"
    assert text.encode("gbk").count(b"\\") == 4
    dataset = built("GBK", "gbk", ("X", text))
    made, output, findings = run(dataset)
    assert findings == ()
    assert parse(output).get_item(KEPT).value == even(text.encode("gbk"))
    made, output, findings = run(built(None, "gbk", ("X", text)))
    (kept,) = [d for d in made.decisions if d.path == (KEPT,)]
    assert kept.value == ("昞昞", "胸部平扫昞")
    assert list(parse(output)[KEPT].value) == ["昞昞", "胸部平扫昞"]


@pytest.mark.parametrize("declared", ["ISO_IR 100", None, "\\ISO 2022 IR 58", "GBK", "ISO_IR 144"])
def test_a_chosen_text_that_the_set_lacks_brings_utf8(declared) -> None:
    profile = Profile("b", overrides=(Override("PatientName", Action.REPLACE, "昞^小东"),))
    dataset = ct_slice()
    if declared is None:
        del dataset.SpecificCharacterSet
    else:
        put_raw(dataset, CHARACTER_SET, "CS", even(declared.encode()))
    _made, output, findings = run(dataset, profile)
    assert [f.code for f in findings] == ["character-set"]
    written = parse(output)
    assert str(written.PatientName) == "昞^小东"
    assert written.SpecificCharacterSet == "ISO_IR 192"


def test_a_chosen_text_is_written_in_the_set_where_it_fits() -> None:
    profile = Profile("b", overrides=(Override("PatientName", Action.REPLACE, "Ångström"),))
    _made, output, findings = run(built("ISO_IR 100", "latin_1", LATIN), profile)
    assert findings == ()
    assert parse(output).get_item(NAME).value.strip() == "Ångström".encode("latin_1")


def test_letters_are_for_texts_only() -> None:
    profile = Profile(
        "b",
        overrides=(
            Override("StationAETitle", Action.REPLACE, "张"),
            Override("Modality", Action.REPLACE, "Ä"),
        ),
    )
    made = plan(ct_slice(), Recipe(profile), KEYRING)
    assert "unfit-value" in {finding.code for finding in made.findings}


def test_a_text_that_does_not_come_out_again_holds_the_instance() -> None:
    dataset = built(None, "utf-8", CHINESE)
    put_raw(dataset, KEPT, "LO", even("胸部平扫".encode()[:-1]))
    _, output, findings = run(dataset)
    assert output == b""
    assert [f.code for f in findings if f.severity is Severity.ERROR] == ["character-set-unproven"]
    assert not any("胸" in f.message for f in findings)


def test_letters_that_nobody_knows_are_not_written_anew() -> None:
    profile = Profile("b", overrides=(Override("PatientName", Action.REPLACE, "张^三"),))
    _, output, findings = run(built(None, "latin_1", LATIN), profile)
    assert output == b""
    assert "character-set-unproven" in {f.code for f in findings}


def test_a_hospital_kept_by_option_is_no_residue_in_other_letters() -> None:
    dataset = built(None, "gbk", CHINESE)
    put_raw(dataset, HOSPITAL, "LO", even("协和医院放射科".encode("gbk")))
    _made, output, findings = run(dataset, Profile("b", frozenset((Option.RETAIN_INSTITUTION_IDENTITY,))))
    assert [f.code for f in findings] == ["character-set"]
    assert parse(output).InstitutionName == "协和医院放射科"
    _made, output, findings = run(dataset)
    assert "协和医院".encode() not in output
    assert "协和医院".encode("gbk") not in output


@pytest.mark.parametrize(
    ("codec", "texts"),
    [
        ("gbk", CHINESE),
        ("shift_jis", JAPANESE),
        ("big5", TRADITIONAL),
        ("euc_kr", KOREAN),
        ("iso2022_jp", JAPANESE),
    ],
)
def test_a_name_is_found_in_texts_of_any_letters(codec, texts) -> None:
    name = texts[0].split("=")[1]
    dataset = built(None, codec, (texts[0], f"{texts[1]} {name.replace('^', '')}"))
    _, output, findings = run(dataset)
    assert [f.code for f in findings] == ["character-set"]
    for letters in (name, name.replace("^", "")):
        assert letters.encode() not in output
        assert letters.encode(codec) not in output
    assert texts[1].split()[0].encode() in output


def test_an_item_with_a_set_of_its_own_is_read_alone() -> None:
    dataset = built("ISO_IR 100", "latin_1", LATIN)
    item = dataset.AnatomicRegionSequence[0]
    put_raw(item, CHARACTER_SET, "CS", b"GB18030 ")
    put_raw(item, 0x00080104, "LO", even("胸部".encode("gb18030")))
    _, output, findings = run(dataset)
    assert findings == ()
    assert parse(output).AnatomicRegionSequence[0].CodeMeaning == "胸部"
    put_raw(item, CHARACTER_SET, "CS", b"ISO_IR 100")
    put_raw(item, 0x00080104, "LO", "胸部平扫".encode("gb18030"))
    _made, output, findings = run(dataset)
    assert [f.code for f in findings] == ["character-set"]
    written = parse(output)
    assert written.SpecificCharacterSet == "ISO_IR 192"
    assert written.AnatomicRegionSequence[0].SpecificCharacterSet == "ISO_IR 192"
    assert written.AnatomicRegionSequence[0].CodeMeaning == "胸部平扫"
    assert written[KEPT].value == LATIN[1]


def test_an_all_ascii_file_keeps_its_misspelt_term() -> None:
    dataset = built("ISO-IR 100", "ascii", ("DOE^JOHN", "chest"))
    _, output, findings = run(dataset)
    assert findings == ()
    assert parse(output).get_item(CHARACTER_SET).value in (b"ISO-IR 100", "ISO-IR 100")


def _misread(decision):
    """A text that the plan took for another one: apply and plan agree, the source says otherwise."""
    return replace(decision, value=("腹部",)) if decision.path == (KEPT,) else decision


def test_the_checker_notices_other_letters_than_planned() -> None:
    dataset = built(None, "gbk", CHINESE)
    source = to_bytes(dataset)
    made = plan(parse(source), Recipe(Profile("b")), KEYRING)
    output = encoded(apply(parse(source), made))
    broken = output.replace("胸部".encode(), "腹部".encode())
    assert broken != output
    assert "value-wrong" in {f.code for f in verify(broken, "x", source, made)[1]}
    planned = replace(made, decisions=tuple(map(_misread, made.decisions)))
    output_of_it = encoded(apply(parse(source), planned))
    assert {f.code for f in verify(output_of_it, "x", source, planned)[1]} == {"letters-changed"}
    undeclared = output.replace(b"ISO_IR 192", b"ISO_IR 100")
    assert {f.code for f in verify(undeclared, "x", source, made)[1]} >= {"value-wrong"}


@pytest.mark.parametrize(
    ("text", "terms", "encodings", "expected"),
    [
        ("plain", ("ISO_IR 100",), ("latin_1",), True),
        ("é", ("ISO_IR 100",), ("latin_1",), True),
        ("é", (), ("iso8859",), False),
        ("张", ("ISO_IR 100",), ("latin_1",), False),
        ("张", ("GB18030",), ("gb18030",), True),
        ("昞", ("GB18030",), ("gb18030",), False),
        ("𠀀", ("GBK",), ("gb18030",), False),
        ("张", ("", "ISO 2022 IR 58"), ("iso8859", "gb18030"), False),
        ("ｱ", ("ISO_IR 13",), ("shift_jis",), False),
        ("𠀀昞", ("ISO_IR 192",), ("utf-8",), True),
    ],
)
def test_what_fits(text, terms, encodings, expected) -> None:
    from viewer.dicom.reading import Reading

    assert fits(text, Reading(encodings, terms)) is expected


def test_where_no_reading_is_sure_a_name_in_any_of_them_goes() -> None:
    """One value in Latin-1 beside Chinese ones: no encoding fits all, so the bytes stay as they are."""
    dataset = built(None, "gbk", (CHINESE[0], "胸部 张三丰"))
    put_raw(dataset, 0x00181030, "LO", even("für Müller".encode("latin_1")))
    put_raw(dataset, 0x0008103E, "LO", even("头颅 张三丰 增强".encode("gbk")))
    assert not reading_of(dataset).certain
    for options in ((), (Option.CLEAN_DESCRIPTORS,)):
        _made, output, findings = run(dataset, Profile("b", frozenset(options)))
        assert {f.code for f in findings} == {"character-set-doubtful"}
        assert "张三丰".encode("gbk") not in output


@pytest.mark.parametrize(
    "choice", [(Action.REPLACE, "ISO_IR 192"), (Action.REPLACE, "GB18030"), (Action.REMOVE, "")]
)
def test_a_choice_for_the_set_itself_leaves_the_letters_right(choice) -> None:
    profile = Profile("b", overrides=(Override("SpecificCharacterSet", *choice),))
    made, output, findings = run(built("ISO_IR 100", "latin_1", LATIN), profile)
    assert [f.code for f in findings] == ["character-set"]
    written = parse(output)
    assert (written.SpecificCharacterSet, written[KEPT].value) == ("ISO_IR 192", LATIN[1])
    assert made.findings


@pytest.mark.parametrize("syntax", ["explicit little", "implicit little", "explicit big"])
def test_every_syntax_is_written_right(syntax) -> None:
    dataset = parse(to_bytes(built(None, "gbk", CHINESE), syntax))
    made = plan(dataset, Recipe(BASIC), KEYRING)
    output = encoded(apply(dataset, made))
    written = parse(output)
    assert written[KEPT].value == CHINESE[1]
    assert written.AnatomicRegionSequence[0].CodeMeaning == CHINESE[1]
    assert not verify(output, "x", to_bytes(built(None, "gbk", CHINESE), syntax), made)[1]


@pytest.mark.parametrize(("declared", "first"), [(None, "shift_jis"), ("ISO_IR 100", "shift_jis")])
def test_half_width_kana_before_japanese_escapes(declared, first) -> None:
    dataset = built(declared, "ascii", ("X", "X"))
    put_raw(dataset, KEPT, "LO", even(b"\xd4\xcf\xc0\xde=\x1b$B;3ED\x1b(J"))
    assert reading_of(dataset).encodings == (first, "iso2022_jp")
    assert parse(run(dataset)[1])[KEPT].value == "ﾔﾏﾀﾞ=山田"
    put_raw(dataset, KEPT, "LO", even(b"\xe4\xcf\xc0\xde=\x1b$B;3ED\x1b(J"))
    assert not reading_of(dataset).certain


@pytest.mark.parametrize("path", get_charset_files("*.dcm"), ids=lambda path: Path(path).stem)
def test_files_that_declare_right_keep_every_byte(path) -> None:
    content = Path(path).read_bytes()
    source = parse(content)
    profile = Profile("b", overrides=(Override("PatientName", Action.KEEP),))
    made = plan(source, Recipe(profile), KEYRING)
    output = encoded(apply(source, made))
    assert not [f for f in verify(output, "x", content, made)[1] if f.code != "identity-left"]
    if NAME in source:
        assert parse(output).get_item(NAME).value == parse(content).get_item(NAME).value
        shown = {row.path: row.old for row in rows(source, made)}
        assert shown[(NAME,)].rstrip("=") == str(dcmread(path).PatientName).rstrip("=")


def test_a_private_sequence_kept_as_bytes_goes_when_its_letters_are_written_anew() -> None:
    """Its items would have to be rewritten inside of bytes of VR UN."""
    inner = content()
    put_raw(inner, 0x00080104, "LO", even("胸部".encode("gbk")))
    dataset = holding("UN", items(inner, "implicit little"))
    put_raw(dataset, KEPT, "LO", even(CHINESE[1].encode("gbk")))
    profile = SAFE
    source = to_bytes(dataset)
    made = plan(parse(source), Recipe(profile, site=site(0x30, 0x31)), KEYRING)
    (sequence,) = [d for d in made.decisions if d.path == (SEQUENCE,)]
    assert (sequence.action, sequence.why.detail) == (Action.REMOVE, "letters")
    output = encoded(apply(parse(source), made))
    assert not verify(output, "x", source, made)[1]
    chosen = replace(profile, overrides=(Override("(0019,1040)", Action.KEEP),))
    held = plan(parse(source), Recipe(chosen, site=site(0x30, 0x31)), KEYRING)
    assert "character-set-sealed" in {f.code for f in held.findings}
