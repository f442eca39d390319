"""Which parts of a text cleaning took out, for the screen: worked out from the texts before and after."""

import re
from difflib import SequenceMatcher
from functools import lru_cache

_TOKENS = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9]")


@lru_cache(maxsize=512)
def taken_out(old: str, new: str) -> tuple[tuple[int, int], ...]:
    """Return (start, length) of the parts of `old` that `new` does not hold, spaces and joints apart."""
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    kept: set[int] = set()
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        kept.update(range(block.a, block.a + block.size))
    ranges: list[tuple[int, int]] = []
    position = 0
    for number, token in enumerate(before):
        if number not in kept and not token.isspace():
            if ranges and sum(ranges[-1]) == position:
                ranges[-1] = (ranges[-1][0], ranges[-1][1] + len(token))
            else:
                ranges.append((position, len(token)))
        position += len(token)
    return tuple(r for r in ranges if any(c.isalnum() for c in old[r[0] : sum(r)]))
