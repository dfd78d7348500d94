"""Acts when time is up: who is due is looked at, and definitions that changed are evaluated."""

import logging
import threading
from datetime import timedelta

from django.db import close_old_connections, connection

from tenure.base import clock
from tenure.segments.membership.engine import current_engine

logger = logging.getLogger(__name__)
_LONGEST_WAIT_SECONDS = 1.0
_AFTER_TROUBLE_SECONDS = 5.0


class DueWatcher:
    """One thread. Sleeps until somebody's answer is due, at most a second."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="segments-due", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        current_engine().woken.set()
        self._thread.join()

    def _run(self) -> None:
        engine = current_engine()
        while not self._stopping.is_set():
            try:
                engine.woken.clear()
                engine.catch_up()
                due_at = engine.find_due()
                wait = _LONGEST_WAIT_SECONDS
                if due_at is not None:
                    left = (due_at - clock.now()) / timedelta(seconds=1)
                    if left <= 0:
                        engine.run_due()
                        continue
                    wait = min(wait, left)
                engine.woken.wait(wait)
            except Exception:
                logger.exception("segments go on after an error")
                close_old_connections()
                self._stopping.wait(_AFTER_TROUBLE_SECONDS)
        connection.close()
