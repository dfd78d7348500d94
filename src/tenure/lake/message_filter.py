"""Which message keys may have been seen: a Bloom filter, so that new events cost no look-up.

Register-blocked (Putze, Sanders and Singler, 2007): a key sets six bits in each of two 64-bit words. At 24 bits a
key at most about one new key in 10,000 is looked up in the lake for nothing; no known key is ever missed.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
_BITS_PER_KEY = 24
_SMALLEST_WORDS = 1 << 16
_GROWTH = 1.25
_SHIFTS = (28, 34, 40, 46, 52, 58)
_MIX = np.uint64(0x9E3779B97F4A7C15)


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
        for index, mask in self._locate(keys):
            np.bitwise_or.at(self._words, index, mask)
        self._count += keys.size

    def find_suspects(self, keys: Keys) -> Keys:
        """Those of `keys` that may have been added before; never misses one that was."""
        (index, mask), (other_index, other_mask) = self._locate(keys)
        is_seen = (self._words[index] & mask) == mask
        is_seen &= (self._words[other_index] & other_mask) == other_mask
        suspects: Keys = keys[is_seen]
        return suspects

    def _locate(self, keys: Keys) -> tuple[tuple[NDArray[np.int64], Keys], tuple[NDArray[np.int64], Keys]]:
        mixed = (keys ^ (keys >> np.uint64(31))) * _MIX
        return self._locate_in_word(keys), self._locate_in_word(mixed ^ (mixed >> np.uint64(29)))

    def _locate_in_word(self, keys: Keys) -> tuple[NDArray[np.int64], Keys]:
        index = (keys % np.uint64(self._words.size)).astype(np.int64)
        mask = np.zeros(keys.size, dtype=np.uint64)
        for shift in _SHIFTS:
            mask |= np.uint64(1) << ((keys >> np.uint64(shift)) & np.uint64(63))
        return index, mask
