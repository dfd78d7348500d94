"""A shop whose events go the whole way into the lake, on a clock that stands still until it is moved."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenure.base import clock
from tenure.config import wiring
from tenure.events import api as events
from tenure.lake import api as lakes
from tenure.lake.api import Lake
from tenure.segments import api as segments
from tenure.segments.membership.engine import Engine, current_engine
from tenure.segments.tests.page_people import marketer, people, viewer  # noqa: F401

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class LiveShop:
    """Tells events as the pump would, and asks who is in which segment."""

    def __init__(self, lake: Lake, now: clock.VirtualClock) -> None:
        self.lake = lake
        self.clock = now
        self._appender = wiring.build_appender(lake)
        self._number = 0

    @property
    def engine(self) -> Engine:
        return current_engine()

    def build_row(self, user: str, event: str, ago: timedelta, properties: dict[str, Any]) -> events.NewEvent:
        self._number += 1
        kind = "identify" if event == "identify" else "track"
        return events.NewEvent(
            type=kind,
            event=None if kind == "identify" else event,
            properties=properties,
            occurred_at=clock.now() - ago,
            user_id=user,
            message_id=f"m{self._number}",
            source="test",
        )

    def tell(self, user: str, event: str, ago: timedelta = timedelta(0), **properties: Any) -> None:
        self.tell_all([self.build_row(user, event, ago, properties)])

    def tell_all(self, told: list[events.NewEvent]) -> None:
        now = clock.now()
        self._appender.append(events.build_batch([one.as_row(now) for one in told]), {})

    def group(self, user: str, company: str, **traits: Any) -> None:
        """A group call."""
        told = self.build_row(user, "", timedelta(0), traits)
        row = list(replace(told, type="group", event=company).as_row(clock.now()))
        row[events.EVENT_BATCH.get_field_index("group_id")] = company
        self._appender.append(events.build_batch([row]), {})

    def move(self, **duration: float) -> None:
        """Let time pass; everything that comes due is acted on at its moment."""
        until = clock.now() + timedelta(**duration)
        while (due_at := self.engine.find_due()) is not None and due_at <= until:
            self.clock.move_to(max(due_at, clock.now()))
            self.engine.run_due()
        self.clock.move_to(until)

    def save(self, name: str, rule: dict[str, Any]) -> None:
        segments.save_segment(segments.parse_segment({"name": name, "rule": rule}), "test")
        self.engine.catch_up()

    def members(self, name: str) -> set[str]:
        customers = lakes.table("customers")
        found = customers.semi_join(segments.build_segment_members(name), "customer_id")
        return {row["external_id"] for row in self.lake.read_rows(found.select("external_id"))}

    def told(self, name: str) -> list[tuple[str, str]]:
        """(customer, segment) of the events of a name, in their order."""
        rows = self.lake.write(
            lambda tx: tx.execute(
                "SELECT c.external_id, e.properties ->> '$.segment' FROM events AS e JOIN customers AS c "
                f"USING (customer_id) WHERE e.event = '{name}' ORDER BY e.seq"
            ).fetchall()
        )
        return [(row[0], row[1]) for row in rows]


@pytest.fixture
def live_shop(transactional_db: None, lake: Lake) -> Iterator[LiveShop]:
    with clock.virtual(START) as now:
        yield LiveShop(lake, now)
        current_engine().close()
