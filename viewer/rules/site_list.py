"""What a site has decided once for all studies: words, and private elements; kept beside the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import msgspec

from viewer.dicom.errors import BadSelector

PrivateKey: TypeAlias = tuple[str, int, int]
"""Private creator, group, last two hexadecimal digits of the tag; as PS3.15 Table E.3.10-1 names elements."""


@dataclass(frozen=True, slots=True)
class PrivateChoice:
    """Whether a private element is known to be safe; named as in PS3.15 Table E.3.10-1."""

    creator: str
    group: int
    element: int
    """The last two hexadecimal digits of the tag: the block is arbitrary (PS3.5 7.8.1)."""
    safe: bool

    @property
    def key(self) -> PrivateKey:
        """Return what the choice is about."""
        return self.creator, self.group, self.element & 0xFF


@dataclass(frozen=True, slots=True)
class SiteList:
    """Words that descriptions keep or lose at this site, and private elements that were judged.

    `remove_words` win over `keep_words` and over the vocabulary. May hold names of staff: never shared
    with a profile, never in a report.
    """

    keep_words: frozenset[str] = field(default=frozenset(), repr=False)
    remove_words: frozenset[str] = field(default=frozenset(), repr=False)
    private: tuple[PrivateChoice, ...] = ()
    _judged: Mapping[PrivateKey, bool] = field(
        init=False, repr=False, compare=False, hash=False, default_factory=dict
    )
    """Look-up made of `private`: asked for every private element of every file."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_judged", {choice.key: choice.safe for choice in self.private})

    def judged(self, creator: str, group: int, element: int) -> bool | None:
        """Return whether a private element was judged safe, None when nobody has judged it."""
        return self._judged.get((creator, group, element & 0xFF))

    def with_private(self, *choices: PrivateChoice) -> "SiteList":
        """Return a list in which these choices replace earlier ones of the same elements."""
        fresh = {choice.key: choice for choice in choices}
        others = tuple(choice for choice in self.private if choice.key not in fresh)
        return replace(self, private=(*others, *fresh.values()))

    def without_private(self, *keys: PrivateKey) -> "SiteList":
        """Return a list in which nobody has judged these elements."""
        return replace(self, private=tuple(choice for choice in self.private if choice.key not in keys))


def read_site_list(path: Path) -> SiteList:
    """Return the list in a JSON file, an empty one when there is no file; raises BadSelector."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SiteList)
    except FileNotFoundError:
        return SiteList()
    except (OSError, ValueError) as error:
        raise BadSelector("The site list cannot be read; mend or remove the file.") from error


def write_site_list(site: SiteList, path: Path) -> None:
    """Write a list as JSON with its parts in order, whole or not at all; raises OSError."""
    plain = {
        "keep_words": sorted(site.keep_words),
        "remove_words": sorted(site.remove_words),
        "private": msgspec.to_builtins(sorted(site.private, key=lambda choice: choice.key)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(plain), indent=2))
    draft.replace(path)
