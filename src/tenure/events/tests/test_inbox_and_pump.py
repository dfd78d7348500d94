"""What is accepted is kept, whatever happens to the lake or to one event."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tenure.base.errors import UnavailableError
from tenure.events import api as events
from tenure.events.appending import Appender
from tenure.events.inbox import Inbox
from tenure.events.pump import Pump
from tenure.lake import api as lakes

ROW = ("m", "track", "Looked", "alice", None, None, None, None, 0, 0, "{}", None, "test")


def rows_of(*names: str) -> bytes:
    return events.encode_rows([(name, *ROW[1:]) for name in names])


def stored_ids() -> list[str]:
    table = lakes.table("events")
    return [
        row["message_id"] for row in lakes.current().read_rows(table.order_by("seq").select("message_id"))
    ]


def test_waiting_callers_share_a_commit(tmp_path: Path) -> None:
    accepted: list[int] = []
    inbox = Inbox(tmp_path / "inbox.sqlite3", lambda: accepted.append(1))
    threads = [threading.Thread(target=inbox.accept_and_wait, args=(1, rows_of(str(n)))) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inbox.count_after(0) == 50
    assert len(accepted) <= 50
    inbox.close()


def test_an_inbox_that_cannot_be_written_says_so_and_accepts_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.sqlite3")
    inbox.accept_and_wait(1, rows_of("a"))
    inbox._reader.execute("DROP TABLE batches")
    inbox._reader.commit()
    with pytest.raises(UnavailableError, match="Nothing was accepted"):
        inbox.accept_and_wait(1, rows_of("c"))
    inbox.close()


def test_one_event_that_cannot_be_folded_is_parked_and_the_others_go_on(services: Any) -> None:
    def refuse_poison(tx: lakes.Transaction) -> None:
        if tx.execute(f"SELECT count(*) FROM {events.RESOLVED} WHERE message_id = 'poison'").fetchone() != (
            0,
        ):
            raise ValueError("a bug")

    appender = Appender(services.lake, services.pump._appender._resolve, [refuse_poison])
    pump = Pump(services.lake, services.inbox, appender)
    services.inbox.accept_and_wait(3, rows_of("first", "poison", "last"))
    pump.drain()
    assert stored_ids() == ["first", "last"]
    assert services.inbox.count_parked() == 1
    assert services.inbox.count_after(pump.position) == 0


def test_one_bad_event_among_thousands_is_found_by_halving(services: Any) -> None:
    appended: list[int] = []

    def refuse_poison(tx: lakes.Transaction) -> None:
        appended.append(1)
        if tx.execute(f"SELECT count(*) FROM {events.RESOLVED} WHERE message_id = 'poison'").fetchone() != (
            0,
        ):
            raise ValueError("a bug")

    appender = Appender(services.lake, services.pump._appender._resolve, [refuse_poison])
    pump = Pump(services.lake, services.inbox, appender)
    services.inbox.accept_and_wait(
        2001, rows_of(*(f"m{n}" for n in range(1500)), "poison", *(f"n{n}" for n in range(500)))
    )
    pump.drain()
    assert len(stored_ids()) == 2000
    assert services.inbox.count_parked() == 1
    assert len(appended) < 40


def test_a_bug_that_every_event_meets_parks_none_of_them(services: Any) -> None:
    def refuse(tx: lakes.Transaction) -> None:
        raise ValueError("a bug in our code")

    pump = Pump(
        services.lake, services.inbox, Appender(services.lake, services.pump._appender._resolve, [refuse])
    )
    services.inbox.accept_and_wait(100, rows_of(*(f"m{n}" for n in range(100))))
    with pytest.raises(ValueError, match="a bug"):
        pump.drain()
    assert services.inbox.count_parked() == 0
    services.pump.drain()
    assert len(stored_ids()) == 100


def test_a_parked_event_is_tried_again_at_the_next_start(services: Any) -> None:
    services.inbox.park(rows_of("mended"), "a bug")
    assert services.inbox.restore_parked() == 1
    services.pump.drain()
    assert stored_ids() == ["mended"]
    assert services.inbox.count_parked() == 0


def test_a_lake_that_is_down_makes_the_inbox_grow_and_nothing_else(services: Any) -> None:
    class Down:
        def append(self, *arguments: Any) -> None:
            raise OSError("no space left on device")

    pump = Pump(services.lake, services.inbox, Down())  # type: ignore[arg-type]
    services.inbox.accept_and_wait(1, rows_of("kept"))
    with pytest.raises(OSError, match="no space"):
        pump.drain()
    assert services.inbox.count_after(pump.position) == 1
    services.pump.drain()
    assert stored_ids() == ["kept"]


def test_an_event_of_a_ledger_transaction_comes_with_it_or_not_at_all(services: Any) -> None:
    from django.db import transaction

    from tenure.base import clock

    event = events.NewEvent("track", "Unsubscribed", {}, clock.now(), user_id="alice", message_id="u1")
    with pytest.raises(RuntimeError), transaction.atomic():
        events.record_with_ledger(event)
        raise RuntimeError("rolled back")
    services.pump.drain()
    assert stored_ids() == []
    with transaction.atomic():
        events.record_with_ledger(event)
    services.pump.drain()
    assert stored_ids() == ["u1"]
