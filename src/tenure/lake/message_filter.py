"""Which message keys may have been seen: a Bloom filter, so that new events cost no look-up.

Register-blocked (Putze, Sanders and Singler, 2007): a key sets six bits of one 64-bit word. At 16 bits a
key about one new key in 300 is looked up in the lake for nothing; no known key is ever missed.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
_BITS_PER_KEY = 16
_SMALLEST_WORDS = 1 << 16
_GROWTH = 1.25
_SHIFTS = (28, 34, 40, 46, 52, 58)


class MessageFilter:
    """Grows by rebuilding: `add` says when it is too full for its error rate."""

    def __init__(self, capacity: int) -> None:
        words = max(_SMALLEST_WORDS, capacity * _BITS_PER_KEY // 64)
        self._words = np.zeros(words, dtype=np.uint64)
        self._count = 0

    @classmethod
    def build(cls, keys: Iterable[Keys], count: int) -> "MessageFilter":
        """A filter that holds all `keys` (uint64 arrays), with room for a quarter more."""
        new = cls(int(count * _GROWTH))
        for part in keys:
            new.add(part)
        return new

    @property
    def is_full(self) -> bool:
        return self._count * _BITS_PER_KEY > self._words.size * 64

    def add(self, keys: Keys) -> None:
        index, mask = self._locate(keys)
        np.bitwise_or.at(self._words, index, mask)
        self._count += keys.size

    def find_suspects(self, keys: Keys) -> Keys:
        """Those of `keys` that may have been added before; never misses one that was."""
        index, mask = self._locate(keys)
        suspects: Keys = keys[(self._words[index] & mask) == mask]
        return suspects

    def _locate(self, keys: Keys) -> tuple[NDArray[np.int64], Keys]:
        index = (keys % np.uint64(self._words.size)).astype(np.int64)
        mask = np.zeros(keys.size, dtype=np.uint64)
        for shift in _SHIFTS:
            mask |= np.uint64(1) << ((keys >> np.uint64(shift)) & np.uint64(63))
        return index, mask
