"""Answers that cost a look at everything, kept while the lake stays as it was."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tenure.base import clock

Answer = TypeVar("Answer")
MOST_ANSWERS = 256


@dataclass
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    version: int | None = None
    asked_at: datetime | None = None
    answer: Any = None


class Answers:
    """The last `MOST_ANSWERS` small answers, in memory. `read_version` changes with every write to the lake."""

    def __init__(self, read_version: Callable[[], int]) -> None:
        self._read_version = read_version
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def get(self, key: Hashable, work: Callable[[], Answer], stale_seconds: float = 0.0) -> Answer:
        """What `work` answers, asked once per key and state of the lake; askers at the same time wait for it.

        `key` names everything that the answer depends on besides the lake. With `stale_seconds` an answer may
        be that much older than the last write.
        """
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_ANSWERS:
                self._kept.popitem(last=False)
        with kept.lock:
            version = self._read_version()
            if kept.version != version and not self._is_recent(kept, stale_seconds):
                asked_at = clock.now()
                kept.answer = work()
                kept.version, kept.asked_at = version, asked_at
            answer: Answer = kept.answer
            return answer

    @staticmethod
    def _is_recent(kept: _Kept, stale_seconds: float) -> bool:
        if kept.asked_at is None:
            return False
        return timedelta(0) <= clock.now() - kept.asked_at < timedelta(seconds=stale_seconds)
