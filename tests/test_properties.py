"""Generated data sets and recipes: only errors of the tree, no output without proof, KEEP unchanged."""

import tempfile
import warnings
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from tests.factories import KEYRING, KINDS, put_raw, to_bytes, write
from viewer.dicom.decisions import Action, Severity
from viewer.dicom.elements import raw_elements
from viewer.dicom.errors import DeidError
from viewer.dicom.parsing import parse
from viewer.dicom.scan import scan
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.release.apply import apply
from viewer.release.report import Held, Written
from viewer.release.run import Task, run_instance
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Override, Profile, Recipe
from viewer.rules.standard import standard
from viewer.rules.surrogates import Keyring

TEXT_VRS = (
    "LO",
    "SH",
    "ST",
    "LT",
    "UT",
    "UC",
    "PN",
    "CS",
    "AE",
    "DS",
    "IS",
    "DA",
    "DT",
    "TM",
    "AS",
    "UI",
    "UR",
)
BINARY_VRS = ("OB", "OW", "UN", "US", "SS", "UL", "FD", "AT")
TAGS = sorted(tag for tag in standard().rows if tag >> 16 > 8 and tag != 0x00420011)
UNLISTED = (0x00080060, 0x00080070, 0x00180050, 0x00181030, 0x00200037, 0x00280010, 0x00540081, 0x00189073)
CHARSETS = (
    "",
    "ISO_IR 100",
    "ISO_IR 192",
    "GB18030",
    "\\ISO 2022 IR 87",
    "ISO_IR_100",
    "NONSENSE",
    "\\ISO 2022 IR 58",
)
WORDS = st.sampled_from(
    [b"chest", b"Quenbert", b"HOSP-778341", b"20240517", b"\xd5\xc5\xd0\xa1\xb6\xab", "张小东".encode(),
     b"\x1b$B", b"", b"1.2.3.4", b"-1.5e3", b"A\\B\\C", b"\xff\xfe", b"  ",
     b"12/03/1961", b"+86 138 1234 5678", b"045Y"]
)  # fmt: skip
VALUES = st.one_of(
    st.lists(WORDS, max_size=4).map(b" ".join),
    st.binary(max_size=24),
    st.lists(WORDS, max_size=3).map(b"\\".join),
)
ELEMENTS = st.tuples(
    st.one_of(
        st.sampled_from(TAGS),
        st.sampled_from(UNLISTED),
        st.integers(0x00091001, 0x000910FF),
        st.integers(0x7FE11000, 0x7FE110FF),
    ),
    st.sampled_from(TEXT_VRS + BINARY_VRS),
    VALUES,
)


@st.composite
def levels(draw, depth: int = 2) -> Dataset:
    """Return a data set of elements that need not make sense, with sequences in it."""
    made = Dataset()
    for tag, vr, value in draw(st.lists(ELEMENTS, max_size=8)):
        put_raw(made, tag, vr, value + b" " * (len(value) % 2))
    if draw(st.booleans()):
        put_raw(made, 0x00090010, "LO", b"SOME VENDOR ")
    if draw(st.integers(0, 9)) == 0:
        put_raw(made, 0x00080005, "CS", draw(st.sampled_from(CHARSETS)).encode().ljust(16))
    if depth and draw(st.booleans()):
        tag = draw(st.sampled_from([0x00081140, 0x00082218, 0x00400275, 0x0040A730, 0x52009230, 0x00091080]))
        made.add_new(tag, "SQ", Sequence(draw(st.lists(levels(depth=depth - 1), max_size=2))))
    return made


@st.composite
def objects(draw) -> bytes:
    """Return a file: one of the kinds of object with a generated level mixed in."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    mixed_in = draw(levels())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = KINDS[kind]()
        for tag, element in raw_elements(mixed_in):
            if tag not in (0x00080016, 0x00080018):
                made._dict[BaseTag(tag)] = element
        return to_bytes(made)


@st.composite
def recipes(draw) -> Recipe:
    options = draw(st.frozensets(st.sampled_from(list(Option)), max_size=4))
    if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= options:
        options -= {Option.RETAIN_FULL_DATES}
    chosen = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["00081030", "00100010", "00180050", "00181030", "00091001"]),
                st.sampled_from([Action.KEEP, Action.REMOVE, Action.EMPTY, Action.REPLACE, Action.CLEAN]),
            ),
            max_size=2,
            unique_by=lambda pair: pair[0],
        )
    )
    overrides = tuple(Override(s, a, "REMOVED" if a is Action.REPLACE else "") for s, a in chosen)
    return Recipe(Profile("generated", options, overrides))


def _with_boxes(recipe: Recipe, instance, drawn: bool) -> Recipe:
    if not drawn or not instance.frames:
        return recipe
    scope = Scope(ScopeKind.IMAGE, instance.sop_instance_uid, instance.rows, instance.columns)
    return Recipe(recipe.profile, (Region(Box(1, 1, 3, 2), scope),), frozenset((instance.sop_instance_uid,)))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=objects(), recipe=recipes(), drawn=st.booleans())
def test_an_instance_is_written_and_proved_or_held(content, recipe, drawn) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = write(Path(folder, "in", "a.dcm"), content)
        instance = next(iter(scan([source]).instances), None)
        out = Path(folder, "out")
        out.mkdir()
        if instance is None:
            return
        report = run_instance(Task(instance, _with_boxes(recipe, instance, drawn), KEYRING, out))
        files = [path for path in out.rglob("*") if path.is_file()]
        assert isinstance(report, (Written, Held))
        if isinstance(report, Held):
            assert files == []
            assert "could not be processed" not in report.reason, report.reason
            assert report.reason.endswith((".", ")"))
        else:
            assert [path.name for path in files] == [Path(report.name).name]
            assert not [f for f in report.findings if f.severity is Severity.ERROR]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=objects(), recipe=recipes())
def test_what_is_kept_is_kept_byte_for_byte(content, recipe) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            source = parse(content)
            made = plan(source, recipe, KEYRING)
            output = apply(source, made)
        except DeidError:
            return
    kept = [d.path for d in made.decisions if d.action is Action.KEEP and len(d.path) == 1 and d.vr != "SQ"]
    for (tag,) in kept:
        before, after = source.get_item(tag).value or b"", output.get_item(tag).value or b""
        if isinstance(before, bytes) and isinstance(after, bytes):
            assert after[: len(before)] == before
            assert after[len(before) :] in (b"", b" ", b"\0")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=objects(), recipe=recipes())
def test_a_plan_is_the_same_every_time_and_needs_the_key(content, recipe) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            first = plan(parse(content), recipe, KEYRING)
        except DeidError:
            return
        assert plan(parse(content), recipe, KEYRING) == first
        other = plan(parse(content), recipe, Keyring(b"another secret of 32 bytes length"))
        assert other.patient != first.patient
