"""What runs in the one process: lake, inbox, pump, ticker, sender; started and stopped in order."""

import logging
import threading

from django.db import connection

from tenure.base import clock, jobs
from tenure.channels import api as channels
from tenure.config import wiring
from tenure.config.environment import Environment
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.lake import api as lakes
from tenure.segments import api as segments

logger = logging.getLogger(__name__)


class Services:
    """Held by `config.process.opened`."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.hub = events.LiveHub()
        self.keys = events.KeyRing()
        self._catcher: channels.Catcher | None = None
        self._ticker: Ticker | None = None
        self._due_watcher: segments.DueWatcher | None = None
        self._keeper: lakes.Keeper | None = None

    def start(self, background: bool) -> None:
        self.lake = lakes.open_lake(self._environment.lake_url, self._environment.lake_path)
        lakes.set_current(self.lake)
        self.inbox = events.Inbox(self._environment.inbox_path, events.wake_pump)
        self.inbox.restore_parked()
        appender = wiring.build_appender(self.lake)
        self.pump = events.Pump(self.lake, self.inbox, appender, [self.hub.tell])
        events.set_current(events.EventService(self.inbox, appender, self.pump, wiring.ON_IMPORTED))
        customers.set_privacy_rooms(wiring.PRIVACY_ROOMS)
        jobs.fail_interrupted_jobs()
        channels.recover_after_crash()
        customers.resume_erasures()
        if background:
            self.pump.start()
            self.start_sending()
            self._ticker = Ticker(self.lake)
            self._ticker.start()
            self._due_watcher = segments.DueWatcher()
            self._due_watcher.start()
            self._keeper = lakes.Keeper(self.lake)
            self._keeper.start()
        else:
            self.pump.drain()

    def start_sending(self) -> None:
        """Start the catcher and the sender, where the settings name them."""
        self._catcher = wiring.start_catcher(self._environment)
        wiring.start_sender(self._environment, self._catcher)

    def stop(self) -> None:
        if self._due_watcher:
            self._due_watcher.stop()
        if self._ticker:
            self._ticker.stop()
        if self._keeper:
            self._keeper.stop()
        channels.stop_sender()
        if self._catcher:
            self._catcher.stop()
        if not self.pump.is_running:
            self.pump.drain()
        self.pump.stop()
        self.inbox.close()
        events.set_current(None)
        lakes.close_current()
        connection.close()


class Ticker:
    """What is due by the clock: the daily ageing of scores, the nightly scoring, tidying when idle."""

    _SECONDS = 20.0

    def __init__(self, lake: lakes.Lake) -> None:
        self._lake = lake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _tidy(self) -> None:
        """After work the customers table is made compact; when nothing happens, memory is given back."""
        self._lake.take_room_back()
        if self._lake.was_used():
            customers.compact_when_large(self._lake)
            self._lake.was_used()
        else:
            self._lake.rest()

    def _run(self) -> None:
        day = clock.today()
        while not self._stopping.wait(self._SECONDS):
            try:
                events.wake_pump()
                if clock.today() != day:
                    day = clock.today()
                    segments.refresh()
                self._tidy()
            except Exception:
                logger.exception("the ticker goes on after an error")
        connection.close()
