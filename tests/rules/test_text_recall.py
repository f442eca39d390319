"""How much identity cleaning takes out of descriptions, and how much anatomy and technique it leaves in."""

import random
import re
from collections import Counter

import pytest

from tests.factories import KEYRING, ct_slice, to_bytes
from tests.rules.text_grammar import Description, Patient, description, patient
from viewer.dicom.decisions import Action
from viewer.dicom.parsing import parse
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Profile, Recipe

PATIENTS, EACH = 60, 12
PROFILE = Profile("text", frozenset((Option.CLEAN_DESCRIPTORS,)))


def cleaned(who: Patient, text: str) -> str:
    """Return what the whole engine makes of a comment beside this patient's header."""
    dataset = ct_slice()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = who.name, who.patient_id
    dataset.AccessionNumber, dataset.InstitutionName = who.accession, who.institution
    dataset.PatientBirthDate, dataset.StudyDate = f"{who.born:%Y%m%d}", f"{who.studied:%Y%m%d}"
    dataset.ReferringPhysicianName = who.physician
    dataset.add_new(0x00104000, "LT", text)
    made = plan(parse(to_bytes(dataset)), Recipe(PROFILE), KEYRING)
    found = next(d for d in made.decisions if d.path == (0x00104000,))
    return " ".join(map(str, found.value or ())) if found.action is Action.CLEAN else ""


def tells(kept: str, identity: str) -> bool:
    """Return whether what was kept still holds a telling piece of identity: it, or a word or number of it."""
    if identity in kept:
        return True
    digits = re.findall(r"\d{3,}", identity)
    letters = [w for w in re.findall(r"[^\W\d_]{2,}", identity) if w.lower() not in _TITLES]
    return any(re.search(rf"(?<!\d){d}(?!\d)", kept) for d in digits) or any(
        re.search(rf"(?<![^\W\d_]){re.escape(w)}(?![^\W\d_])", kept, re.I) for w in letters
    )


_TITLES = frozenset(
    (
        *(
            "mr",
            "dr",
            "mrs",
            "prof",
            "tel",
            "mrn",
            "acc",
            "id",
            "patient",
            "yo",
            "male",
            "street",
            "com",
            "https",
        ),
        *(
            "pacs",
            "example",
            "org",
            "study",
            "ct",
            "住院号",
            "检查号",
            "患者",
            "主任",
            "申请医生",
            "微信",
            "病历号",
            "先生",
        ),
        *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    )
)


def lost(kept: str, wanted: str) -> list[str]:
    """Return the words of a wanted phrase that are gone."""
    flat = kept.lower().replace("_", " ")
    return [w for w in re.findall(r"[^\W_]+", wanted.lower()) if w not in flat]


def made(seed: int) -> list[tuple[Patient, Description]]:
    rng = random.Random(seed)
    people = [patient(rng, chinese=bool(number % 2)) for number in range(PATIENTS)]
    return [(who, description(rng, who)) for who in people for _ in range(EACH)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_identity_goes_and_words_of_anatomy_and_technique_stay(seed, capsys) -> None:
    counts: Counter[str] = Counter()
    problems: list[str] = []
    for who, one in made(seed):
        kept = cleaned(who, one.text)
        own = {p.lower() for p in re.split(r"[\^=\s]", f"{who.name}^{who.physician}")}
        for identity in one.known:
            counts["known"] += 1
            if tells(kept, identity):
                counts["known left"] += 1
                problems.append(f"LEFT {identity!r} in {kept!r} of {one.text!r}")
        for identity in one.pattern:
            counts["pattern"] += 1
            if tells(kept, identity):
                counts["pattern left"] += 1
                problems.append(f"PATTERN {identity!r} in {kept!r} of {one.text!r}")
        for wanted in one.wanted:
            words = re.findall(r"[^\W_]+", wanted.lower())
            gone = [w for w in lost(kept, wanted) if w not in own]
            counts["wanted"] += len(words)
            counts["lost"] += len(gone)
            problems += [f"LOST {w!r}: {kept!r} of {one.text!r}" for w in gone]
    with capsys.disabled():
        print(f"\n{PATIENTS * EACH} descriptions, seed {seed}: {dict(sorted(counts.items()))}")
    told = "\n".join(line for line in problems if not line.startswith("LOST"))
    assert counts["known"] > 300
    assert counts["pattern"] > 100
    assert counts["known left"] == 0, told
    assert counts["pattern left"] <= 0.01 * counts["pattern"], told
    assert counts["lost"] <= 0.02 * counts["wanted"]
