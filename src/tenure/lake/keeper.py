"""Keeps what is derived from the events close behind them, on a thread of its own.

When nothing is written for a moment, or when much has piled up; a step is short, so that neither batches nor
a stop wait for it.
"""

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenure.lake.engine import Lake

logger = logging.getLogger(__name__)

LONG_TAIL_EVENTS = 20_000
_SECONDS = 5.0
_SECONDS_AFTER_ERROR = 60.0


class Keeper:
    """Started and stopped with the process that owns the lake."""

    def __init__(self, lake: "Lake") -> None:
        self._lake = lake
        self._stopping = threading.Event()
        self._kept_version = self._last_version = -1
        self._thread = threading.Thread(target=self._run, name="lake-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Catch up if the lake is calm, or if the tail has grown long. Costs nothing when nothing was written."""
        version = self._lake.version
        is_calm, self._last_version = version == self._last_version, version
        if version != self._kept_version and (is_calm or self._count_behind() > LONG_TAIL_EVENTS):
            self.catch_up()

    def catch_up(self) -> None:
        """Take over everything there is."""
        history, columns = self._lake.history, self._lake.columns
        behind = 1
        while behind and not self._stopping.is_set():
            version = self._lake.version
            behind = columns.advance() if columns is not None else 0
            if history is not None and not self._stopping.is_set():
                behind = max(behind, history.advance(self._stopping.is_set))
            self._kept_version = version

    def _count_behind(self) -> int:
        kept = (self._lake.history, self._lake.columns)
        return max((each.count_behind() for each in kept if each is not None), default=0)

    def _run(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            wait = _SECONDS
            try:
                self.look()
            except Exception:
                logger.exception(
                    "what is derived from the events could not be brought up to date; trying again"
                )
                wait = _SECONDS_AFTER_ERROR
