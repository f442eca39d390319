"""What letters do to choices, private bytes, items and the checker: the corners of the character sets."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_charset_files

from tests.factories import ct_slice, put_raw, to_bytes
from tests.rules.test_character_set import (
    BASIC,
    CHARACTER_SET,
    CHINESE,
    HOSPITAL,
    JAPANESE,
    KEPT,
    KEYRING,
    KOREAN,
    LATIN,
    NAME,
    TRADITIONAL,
    built,
    even,
    run,
)
from tests.rules.test_private import SAFE, site
from tests.rules.test_private_sequences import SEQUENCE, content, holding, items
from viewer.dicom.decisions import Action, Severity
from viewer.dicom.parsing import parse
from viewer.dicom.reading import Reading, reading_of
from viewer.release.apply import apply
from viewer.release.encode import encoded
from viewer.release.verify import verify
from viewer.rules.character_set import fits
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Override, Profile, Recipe
from viewer.rules.rows import rows

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


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
