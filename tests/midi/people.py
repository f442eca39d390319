"""Synthetic people whose identifiers are planted: one per source patient, made from the seed alone."""

# ruff: noqa: E501

import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

FAMILIES = (
    "Castellano", "Whitfield", "Okonkwo", "Quenbert", "Trevanion", "Lungwitz", "Abernathy", "Sandoval", "Petrenko",
    "Haverkamp", "Drummond", "Fairweather", "Kowalczyk", "Montague", "Rasmussen", "Villanueva", "Yilmaz", "Ostrowski",
)  # fmt: skip
WORDS = ("Hand", "Brown", "Young", "Stone", "Bone", "Hart", "Long", "Foot")
"""Families that are also words: looked for in context only, not as bytes anywhere."""
GIVEN = (
    "Oswaldine",
    "Leopold",
    "Henrietta",
    "Cornelius",
    "Philippa",
    "Thaddeus",
    "Marguerite",
    "Bartholomew",
)
HAN = (
    ("张", "小东", "Zhang", "Xiaodong"), ("欧阳", "修文", "Ouyang", "Xiuwen"), ("白", "雪", "Bai", "Xue"),
    ("高", "志强", "Gao", "Zhiqiang"), ("司马", "文光", "Sima", "Wenguang"), ("诸葛", "心怡", "Zhuge", "Xinyi"),
)  # fmt: skip
STAFF = ("Fitzwilliam^Ada", "Nakashima^Kenji", "Bouchard^Elodie", "Grimaldi^Renzo")
PLACES = ("Larkspur General Hospital", "Saint Brannoc Clinic", "Nordhaven Infirmary")
PLACES_HAN = ("江城第三人民医院", "北岭市中心医院")
STREETS = ("14 Marchbank Crescent, Eastleigh", "7 Tannery Row, Wexcombe")


@dataclass(frozen=True)
class Person:
    """One synthetic patient, and the people and places of the examination."""

    family: str
    given: str
    han: tuple[str, str] | None
    identifier: str
    accession: str
    phone: str
    email: str
    address: str
    birth: date
    day: date
    institution: str
    physician: str
    serial: str
    age: str

    @cached_property
    def is_word(self) -> bool:
        return self.family in WORDS

    def name(self, *, han: bool) -> str:
        latin = f"{self.family}^{self.given}"
        return f"{latin}={self.han[0]}^{self.han[1]}" if han and self.han else latin

    def tokens(self) -> list[str]:
        """Return what must be nowhere in an output, whatever the option set."""
        found = [self.identifier, self.accession, self.phone, self.email, self.address, self.serial]
        found += [self.physician.split("^")[0], self.institution, self.given]
        found += [] if self.is_word else [self.family]
        if self.han:
            found += ["".join(self.han), "^".join(self.han)]
        return [token for token in found if len(token.encode("gb18030")) >= 6]


def person(seed: int, patient: str) -> Person:
    """Return the synthetic person who takes the place of a source patient."""
    rng = random.Random(f"{seed} {patient}")
    han = rng.random() < 0.4
    if han:
        *ideographic, family, given = rng.choice(HAN)
    else:
        ideographic = []
        family, given = rng.choice(WORDS if rng.random() < 0.15 else FAMILIES), rng.choice(GIVEN)
    number = rng.randrange(10**6, 10**7)
    return Person(
        family,
        given,
        (ideographic[0], ideographic[1]) if han else None,
        f"MRN{number}" if rng.random() < 0.6 else f"{number}8",
        f"ACC{rng.randrange(10**6, 10**7)}",
        f"138{rng.randrange(10**7, 10**8)}"
        if han
        else f"({rng.randrange(201, 990)}) 555-{number % 10000:04d}",
        f"{given.lower()}.{number}@example.org",
        rng.choice(STREETS),
        date(1930, 1, 1) + timedelta(days=rng.randrange(25_000)),
        date(2016, 1, 1) + timedelta(days=rng.randrange(3000)),
        rng.choice(PLACES_HAN) if han and rng.random() < 0.5 else rng.choice(PLACES),
        rng.choice(STAFF),
        f"SN{rng.randrange(10**6, 10**7)}",
        f"{rng.choice((34, 57, 71, 88, 93, 97)):03d}Y",
    )
