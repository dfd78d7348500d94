"""A broken-off import goes on where it stopped."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tenure.base import clock
from tenure.events.appending import AppendResult
from tenure.events.imports import order_import
from tenure.events.imports.runs import list_runs
from tenure.events.imports.tests.conftest import Store

Write = Callable[..., Path]
BODY = "order_id,customer_id,date,amount,country\n" + "".join(
    f"o{number},c{number % 7},2024-01-{1 + number % 28:02},{number}.5,DE\n" for number in range(95)
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_import, "CHUNK_ORDERS", 10)


@pytest.mark.parametrize("crash_at", [1, 4, 11])
def test_a_restart_writes_only_what_is_missing(
    store: Store, write: Write, tmp_path: Path, crash_at: int
) -> None:
    path = write(BODY)
    store.fail_at_batch = crash_at
    with pytest.raises(RuntimeError, match="killed"):
        store.run("orders", path)
    assert list_runs(store.folder)[0].is_finished is False
    store.fail_at_batch, store.batches = None, 0
    result = store.run("orders", path)
    assert store.batches == 11 - (crash_at - 1)
    assert (result.events_written, result.duplicates, result.events_built) == (102, 0, 102)
    assert len(store.named("Order Completed")) == 95
    assert list_runs(store.folder)[0].is_finished
    whole = Store(tmp_path / "other")
    whole.run("orders", path)
    assert set(whole.events) == set(store.events)


def test_a_batch_that_was_written_before_the_crash_is_not_written_twice(store: Store, write: Write) -> None:
    path = write(BODY)
    append = store.append

    def append_and_die(batch: pa.Table) -> AppendResult:
        append(batch)
        raise RuntimeError("killed")

    store.append = append_and_die  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="killed"):
        store.run("orders", path)
    assert len(store.events) == 10
    store.append = append  # type: ignore[method-assign]
    result = store.run("orders", path)
    assert (result.events_written, result.duplicates, len(store.events)) == (92, 10, 102)
    assert store.named("Order Updated") == []


def test_what_lay_in_the_future_stays_so_in_the_resumed_run(store: Store, write: Write) -> None:
    path = write(
        "order_id,customer_id,date,amount\n"
        + "".join(f"o{day},a,2024-01-{day:02},1\n" for day in range(1, 29))
    )
    with clock.virtual(datetime(2024, 1, 15, 12, tzinfo=UTC)) as virtual:
        store.fail_at_batch = 2
        with pytest.raises(RuntimeError, match="killed"):
            store.run("orders", path)
        virtual.advance(days=30)
        store.fail_at_batch = None
        resumed = store.run("orders", path)
        assert (resumed.orders, resumed.rejected_reasons) == (16, {"future_date": 12})
        assert store.run("orders", path).events_written == 12
    assert len(store.events) == 28


def test_other_options_are_another_run(store: Store, write: Write) -> None:
    path = write(BODY)
    store.fail_at_batch = 3
    with pytest.raises(RuntimeError, match="killed"):
        store.run("orders", path)
    store.fail_at_batch, store.batches = None, 0
    store.run("orders", path, source="shop")
    assert store.batches == 11


def test_an_unreadable_state_file_starts_the_import_anew(store: Store, write: Write) -> None:
    path = write(BODY)
    store.run("orders", path)
    for state in store.folder.glob("*.json"):
        state.write_text("{")
    assert store.run("orders", path).duplicates == 102
