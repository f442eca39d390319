"""A cache that is bounded in bytes and forgets what was used longest ago."""

import os
import sys
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MOST: Final = 1 << 30


class ByteCache(Generic[K, V]):
    """Values with a size in bytes. Not locked: the owner guards it. The newest value always stays."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.used = 0
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        """Return a value and mark it as just used."""
        if key not in self._held:
            return None
        self._held.move_to_end(key)
        return self._held[key][0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value, at the cost of those used longest ago."""
        self.used += size - self._held.pop(key, (value, 0))[1]
        self._held[key] = (value, size)
        while self.used > self.budget and len(self._held) > 1:
            self.used -= self._held.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self.used = 0


def memory_budget() -> int:
    """Return how many bytes of pictures to keep: a quarter of the memory, at most 1 GiB."""
    return min(_MOST, _memory() // 4)


def _memory() -> int:
    """Return the memory of the machine in bytes; 4 GiB when the system does not tell."""
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 4 * _MOST


if sys.platform == "win32":
    import ctypes

    def _windows_memory() -> int:
        """Return the installed memory in bytes, from kernel32."""
        kilobytes = ctypes.c_ulonglong(0)
        known = ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024 if known else 4 * _MOST
