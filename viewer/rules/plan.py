"""(dataset, recipe, keyring) -> Plan: the one path from what is there and what is wanted to what is done."""

from dataclasses import dataclass, field, replace
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from viewer.dicom.content_key import content_key
from viewer.dicom.decisions import (
    Action,
    Basis,
    Blank,
    Decision,
    Finding,
    Identity,
    MethodCode,
    Plan,
    Reason,
    Severity,
)
from viewer.dicom.elements import (
    CONVERSION_ERRORS,
    Element,
    ElementPath,
    dictionary_vr,
    is_private,
    items_fit,
    parse_selector,
    path_text,
    raw_elements,
    texts,
)
from viewer.dicom.reading import DEFAULT, Reading, is_plain, reading_of
from viewer.rules import character_set, claims, dates, documents, graphics, overlays, private, values
from viewer.rules.blanks import blanks_for, regions_on
from viewer.rules.colour_profiles import ICC_PROFILE, NOT_UNDERSTOOD
from viewer.rules.compression import lossy_findings
from viewer.rules.decide import PIXEL_DATA, Level, Wanted, decide, removed_private
from viewer.rules.known import Gathered
from viewer.rules.private_sequences import Opened, opened
from viewer.rules.private_sweep import Creator, removed, settled
from viewer.rules.recipe import Option, Recipe
from viewer.rules.standard import IodNode, iod_of
from viewer.rules.surrogates import Keyring
from viewer.rules.sweep import Pending, clean_pending, mended_number, sweep

_PATIENT_ID, _ISSUER, _NAME, _BIRTH = 0x00100020, 0x00100021, 0x00100010, 0x00100030
_SOP_CLASS, _SOP_INSTANCE, _STUDY, _SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
_DICOMDIR: Final = "1.2.840.10008.1.3.10"
_DEEPEST: Final = 200
_NAMING: Final = frozenset(("DA", "DT", "LO", "LT", "PN", "SH", "ST", "UC", "UI", "UT"))
_PUTS_IN: Final = frozenset((Action.EMPTY, Action.REPLACE, Action.REMAP, Action.SHIFT, Action.CLEAN))


@dataclass(slots=True)
class _Draft:
    """Collects decisions; lives for one call of plan()."""

    wanted: Wanted
    decisions: list[Decision] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    gathered: Gathered = field(default_factory=Gathered)
    findings: list[Finding] = field(default_factory=list)
    types: dict[ElementPath, str] = field(default_factory=dict)
    creators: list[Creator] = field(default_factory=list)
    readings: dict[ElementPath, Reading] = field(default_factory=dict)


def plan(dataset: Dataset, recipe: Recipe, keyring: Keyring) -> Plan:
    """Return everything that will be done to one instance; pure, no value of the data set is changed.

    An ERROR among the findings means that the instance must be held.
    """
    sop_class, sop_instance = _sop_class(dataset), _sop_instance(dataset)
    overrides = tuple((parse_selector(o.selector), o) for o in recipe.profile.overrides)
    person = person_of(dataset, recipe, keyring)
    stay = overlays.groups_to_stay(dataset, recipe, sop_instance)
    draft = _Draft(Wanted(recipe.profile, recipe.site, overrides, keyring, person, sop_instance, stay))
    draft.findings.extend(_class_findings(sop_class))
    source = opened(dataset) if Option.RETAIN_SAFE_PRIVATE in draft.wanted.options else Opened(dataset)
    _walk(draft, _level(draft, source.dataset, (), iod_of(sop_class), None))
    known = draft.gathered.known(dates_go=Option.RETAIN_FULL_DATES not in recipe.profile.options)
    clean_pending(draft.wanted, draft.decisions, draft.pending, known)
    sweep(draft.decisions, source.dataset, known, draft.readings)
    why_utf8 = _character_set(draft, source)
    draft.decisions = settled(draft.decisions, source, draft.creators, known)
    draft.findings.extend(_kept_identity(draft.decisions))
    draft.findings.extend(graphics.drawn_by_hand(dataset, draft.decisions))
    blanks, problems = blanks_for(dataset, recipe.regions)
    draft.findings.extend((*problems, *lossy_findings(dataset, blanks, recipe.profile)))
    draft.decisions = overlays.cleared(draft.decisions, dataset, blanks) if stay else draft.decisions
    sealed = len(recipe.profile.recipients)
    pages, told = documents.pages_of(dataset, recipe, draft.decisions, sop_instance)
    draft.findings.extend(told)
    seen = sop_instance in recipe.reviewed and any(tag in dataset for tag in PIXEL_DATA)
    faceless = any(region.features for region in regions_on(dataset, recipe.regions))
    codes = claims.method_codes(recipe, draft.decisions, pixels_seen=seen, face_removed=faceless)
    claimed = claims.claims(dataset, recipe, tuple(draft.decisions), codes, known)
    age = dates.added_age(dataset, recipe.profile.options)
    if age is not None and not _is_chosen(draft.decisions, age):
        claimed.append(age)
    if not _text(dataset, _SOP_INSTANCE):
        claimed.extend(_added_uid(draft, dataset, sop_instance))
    if sop_class and not _text(dataset, _SOP_CLASS):
        claimed.append(_added_class(dataset, sop_class))
    if why_utf8:
        draft.decisions, notes = character_set.in_utf8(
            draft.decisions, source.dataset, draft.readings, why_utf8
        )
        draft.findings.extend(notes)
    return replace(_finished(draft, dataset, claimed, blanks, codes), pages=pages, sealed=sealed)


def _character_set(draft: _Draft, source: Opened) -> str:
    """Return why the output cannot keep its character set, "" when it can; private bytes follow that."""
    draft.findings.extend(character_set.findings(draft.readings))
    why = character_set.why_utf8(draft.decisions, draft.readings)
    if why:
        draft.decisions, told = character_set.sealed(draft.decisions, source, draft.readings)
        draft.findings.extend(told)
    return why


def _is_chosen(decisions: list[Decision], wanted: Decision) -> bool:
    """Return whether a person has chosen what becomes of the element of a decision."""
    return any(d.path == wanted.path and d.why.basis is Basis.OVERRIDE for d in decisions)


def _finished(
    draft: _Draft,
    dataset: Dataset,
    claimed: list[Decision],
    blanks: tuple[Blank, ...],
    codes: tuple[MethodCode, ...],
) -> Plan:
    paths = {d.path for d in claimed}
    merged = sorted([*(d for d in draft.decisions if d.path not in paths), *claimed], key=lambda d: d.path)
    keyring, uid = draft.wanted.keyring, draft.wanted.salt
    return Plan(
        decisions=tuple(merged),
        blanks=blanks,
        claims=codes,
        findings=tuple(dict.fromkeys(draft.findings)),
        patient=draft.wanted.person.code,
        study="ST-" + keyring.code("study folder", _text(dataset, _STUDY)),
        series="SE-" + keyring.code("series folder", _text(dataset, _SERIES)),
        instance="IM-" + keyring.code("instance file", uid, 12),
        sop_instance_uid=_new_uid(draft, uid),
        types=draft.types,
    )


def _new_uid(draft: _Draft, uid: str) -> str:
    keep = Option.RETAIN_UIDS in draft.wanted.options and not uid.startswith("content ")
    return uid if keep else draft.wanted.keyring.uid(uid)


def person_of(dataset: Dataset, recipe: Recipe, keyring: Keyring) -> values.Person:
    """Return whose instance it is: by Patient ID and issuer, else name and birth date, else the study."""
    identifier, name = _text(dataset, _PATIENT_ID), _text(dataset, _NAME)
    if identifier:
        key = f"id\0{identifier}\0{_text(dataset, _ISSUER)}"
    elif name:
        key = f"name\0{name}\0{_text(dataset, _BIRTH)}"
    else:
        key = f"study\0{_text(dataset, _STUDY)}"
    shift = keyring.shift(key, whole_weeks=recipe.profile.keep_weekday)
    return values.Person(key, keyring.patient_code(key), shift)


def _text(dataset: Dataset, tag: int) -> str:
    if tag not in dataset:
        return ""
    element = dataset.get_item(tag)
    plain = isinstance(element.value, bytes) and is_plain(element.value)
    found = texts(element, ("ascii",) if plain else reading_of(dataset).encodings)
    return found[0].strip() if found else ""


def _sop_class(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    return _text(dataset, _SOP_CLASS) or (_text(meta, 0x00020002) if meta is not None else "")


def _sop_instance(dataset: Dataset) -> str:
    """Return the SOP Instance UID, or what stands for it: the file meta's, else a digest of the content."""
    meta = getattr(dataset, "file_meta", None)
    known = _text(dataset, _SOP_INSTANCE) or (_text(meta, 0x00020003) if meta is not None else "")
    if known:
        return known
    return content_key(dataset)


def _added_uid(draft: _Draft, dataset: Dataset, stand_in: str) -> list[Decision]:
    """Return the decision that puts in a SOP Instance UID where the source has none."""
    message = "It had no SOP Instance UID; a new one was made."
    draft.findings.append(Finding("no-sop-instance", Severity.WARNING, path_text((_SOP_INSTANCE,)), message))
    action = Action.REPLACE if _SOP_INSTANCE in dataset else Action.ADD
    value = draft.wanted.keyring.uid(stand_in)
    return [Decision((_SOP_INSTANCE,), "UI", action, Identity.QUASI, Reason(Basis.STRUCTURE), value)]


def _added_class(dataset: Dataset, sop_class: str) -> Decision:
    """Return the decision that puts the file meta's SOP Class into a data set that lacks it."""
    action = Action.REPLACE if _SOP_CLASS in dataset else Action.ADD
    return Decision((_SOP_CLASS,), "UI", action, Identity.HARMLESS, Reason(Basis.STRUCTURE), sop_class)


def _class_findings(sop_class: str) -> list[Finding]:
    if not sop_class:
        return [_error("no-sop-class", "It does not say what kind of object it is (no SOP Class UID).")]
    if sop_class == _DICOMDIR:
        return [_error("dicomdir", "This is the index of a disc, not an image; it is not copied.")]
    return []


def _error(code: str, message: str, where: str = "") -> Finding:
    return Finding(code, Severity.ERROR, where, message)


def _level(
    draft: _Draft, dataset: Dataset, parent: ElementPath, node: IodNode | None, above: Level | None
) -> Level:
    reading = reading_of(dataset, draft.readings[above.parent] if above else DEFAULT)
    draft.readings[parent] = reading
    return Level(
        dataset,
        parent,
        node,
        reading,
        private.creators(dataset),
        {**(above.declared if above else {}), **private.declared_blocks(dataset)},
        above,
    )


def _walk(draft: _Draft, level: Level) -> None:
    """Decide every element of one level; private creators wait until all of their block is decided."""
    wanted = draft.wanted
    quick = not wanted.overrides and Option.RETAIN_SAFE_PRIVATE not in wanted.options
    for tag, element in raw_elements(level.dataset):
        if quick and tag & 0x10000:
            draft.decisions.append(removed_private((*level.parent, tag), element))
        elif private.is_creator(tag):
            draft.creators.append(Creator((*level.parent, tag), element))
        elif level.parent or tag not in claims.CLAIMED:
            decision = decide(wanted, tag, element, level)
            _take(draft, decision, tag, element, level)


def _take(draft: _Draft, decision: Decision, tag: int, element: Element, level: Level) -> None:
    """File a decision with what follows from it; go into the items of a sequence that stays."""
    if decision.action is Action.KEEP and decision.vr in ("DS", "IS"):
        decision = mended_number(decision, element, level)
    iod_type = level.type_of(tag) if decision.action in _PUTS_IN else ""
    if iod_type not in ("", "3"):
        draft.types[decision.path] = iod_type
    stays = decision.action in (Action.KEEP, Action.CLEAN)
    if not stays and decision.identity in (Identity.DIRECT, Identity.QUASI):
        vr = dictionary_vr(tag) or str(element.VR or "")
        if vr in _NAMING:
            draft.gathered.add(vr, element, level.encodings)
    draft.decisions.append(decision)
    if decision.why.basis is Basis.OVERRIDE and decision.action is Action.REMOVE:
        if decision.why.iod_type == "1":
            message = "This element cannot be removed: this kind of object must have it. Replace it instead."
            draft.findings.append(_error("required", message, path_text(decision.path)))
    elif decision.action is Action.KEEP and decision.vr == "SQ":
        _descend(draft, decision, level)
    elif decision.action is Action.CLEAN and decision.value is None:
        draft.pending.append(Pending(len(draft.decisions) - 1, element, level))
    elif decision.action is Action.REPLACE and decision.value is None:
        draft.findings.append(_no_value(decision))


def _kept_identity(decisions: list[Decision]) -> list[Finding]:
    """Return a WARNING for every direct identifier that a person chose to keep."""
    message = (
        "Kept by choice although it identifies the patient; the output says that identity was not removed."
    )
    return [
        Finding("kept-identity", Severity.WARNING, path_text(d.path), message)
        for d in decisions
        if d.why.basis is Basis.OVERRIDE and d.action is Action.KEEP and d.identity is Identity.DIRECT
    ]


def _no_value(decision: Decision) -> Finding:
    """Return the ERROR for a replacement for which there is no value that can be written."""
    if decision.why.basis is Basis.OVERRIDE:
        message = "The value chosen for this element does not fit it, or cannot be written in its letters."
        return _error("unfit-value", message, path_text(decision.path))
    if decision.path[-1] == ICC_PROFILE:
        return _error("unknown-profile", NOT_UNDERSTOOD, path_text(decision.path))
    message = "The document inside it is of a kind that cannot be replaced."
    return _error("unknown-document", message, path_text(decision.path))


def _descend(draft: _Draft, decision: Decision, level: Level) -> None:
    """Walk the items of a sequence; one that cannot be read is removed, and the instance held."""
    tag = decision.path[-1]
    items = _items(level.dataset, tag) if len(decision.path) < 2 * _DEEPEST else None
    if items is None and is_private(tag):
        draft.decisions[-1] = removed(decision, "unreadable")
        return
    if items is None:
        why = Reason(Basis.STRUCTURE, detail="unreadable sequence")
        draft.decisions[-1] = replace(decision, action=Action.REMOVE, why=why)
        message = "A sequence in it cannot be read, so what it holds is not known."
        draft.findings.append(_error("unreadable-sequence", message, path_text(decision.path)))
        return
    node = level.node.child(tag) if level.node else None
    for number, item in enumerate(items):
        _walk(draft, _level(draft, item, (*level.parent, tag, number), node, level))


def _items(dataset: Dataset, tag: int) -> list[Dataset] | None:
    """Return the items of a sequence, or None when pydicom would only guess at them."""
    try:
        raw = dataset.get_item(tag)  # it converts an element that a file cut short has left without a value
        if isinstance(raw, RawDataElement) and not items_fit(raw):
            return None
        value = dataset[tag].value
    except CONVERSION_ERRORS:
        return None
    if value is None or value == b"":
        return []
    return list(value) if not isinstance(value, (bytes, str)) else None
