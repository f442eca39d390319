"""What a site has decided once for all studies: words, and private elements; kept beside the settings."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from viewer.dicom.errors import BadSelector


@dataclass(frozen=True, slots=True)
class PrivateChoice:
    """Whether a private element is known to be safe; named as in PS3.15 Table E.3.10-1."""

    creator: str
    group: int
    element: int
    """The last two hexadecimal digits of the tag: the block is arbitrary (PS3.5 7.8.1)."""
    safe: bool


@dataclass(frozen=True, slots=True)
class SiteList:
    """Words that descriptions keep or lose at this site, and private elements that were judged.

    `remove_words` win over `keep_words` and over the vocabulary. May hold names of staff: never shared
    with a profile, never in a report.
    """

    keep_words: frozenset[str] = field(default=frozenset(), repr=False)
    remove_words: frozenset[str] = field(default=frozenset(), repr=False)
    private: tuple[PrivateChoice, ...] = ()

    def judged(self, creator: str, group: int, element: int) -> bool | None:
        """Return whether a private element was judged safe, None when nobody has judged it."""
        for choice in reversed(self.private):
            if (choice.creator, choice.group, choice.element) == (creator, group, element & 0xFF):
                return choice.safe
        return None

    def with_private(self, choice: PrivateChoice) -> "SiteList":
        """Return a list in which this choice replaces an earlier one of the same element."""
        same = (choice.creator, choice.group, choice.element)
        others = tuple(c for c in self.private if (c.creator, c.group, c.element) != same)
        return SiteList(self.keep_words, self.remove_words, (*others, choice))


def read_site_list(path: Path) -> SiteList:
    """Return the list in a JSON file, an empty one when there is no file; raises BadSelector."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SiteList)
    except FileNotFoundError:
        return SiteList()
    except (OSError, msgspec.DecodeError) as error:
        raise BadSelector("The site list cannot be read; mend or remove the file.") from error


def write_site_list(site: SiteList, path: Path) -> None:
    """Write a list as JSON with its parts in order; raises OSError."""
    plain = {
        "keep_words": sorted(site.keep_words),
        "remove_words": sorted(site.remove_words),
        "private": msgspec.to_builtins(site.private),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(plain), indent=2))
