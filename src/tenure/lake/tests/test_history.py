import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.lake import api as lakes
from tenure.lake import history_building
from tenure.lake.api import Lake
from tenure.lake.tests.event_rows import START, build_events, write_events

NAMES = ("Order Completed", "Page Viewed", "Screen Viewed", "it's")


@pytest.fixture
def file_lake(tmp_path: Path) -> Iterator[Lake]:
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    yield lake
    lake.close()


def read(lake: Lake, ids: list[int], names: Any = NAMES, **more: Any) -> list[tuple[Any, ...]]:
    rows = lakes.read_past(lake, ids, names, **more).to_pylist()
    return sorted((row["customer_id"], row["seq"], row["event"]) for row in rows)


def advance_fully(lake: Lake) -> None:
    assert lake.history is not None
    while lake.history.advance():
        pass


def test_pages_and_screens_go_by_one_name_and_profile_calls_by_none() -> None:
    assert lakes.name_of_event("track", "Order Completed") == "Order Completed"
    assert lakes.name_of_event("page", "Home") == "Page Viewed"
    assert lakes.name_of_event("screen", None) == "Screen Viewed"
    assert lakes.name_of_event("identify", None) is None


def test_the_past_is_whole_before_and_after_the_file_has_caught_up(file_lake: Lake) -> None:
    write_events(
        file_lake,
        [
            (1, 7, "track", "Order Completed", 0, {"total": 5}),
            (2, 7, "page", "Home", 1, {}),
            (3, 8, "track", "Order Completed", 2, {}),
            (4, 7, "identify", None, 3, {}),
            (5, None, "track", "Order Completed", 3, {}),
        ],
    )
    expected = [(7, 1, "Order Completed"), (7, 2, "Page Viewed")]
    assert read(file_lake, [7]) == expected
    advance_fully(file_lake)
    assert file_lake.history is not None and file_lake.history.watermark == 5
    assert read(file_lake, [7]) == expected
    write_events(file_lake, [(6, 7, "track", "it's", 9, {})])
    assert read(file_lake, [7]) == [*expected, (7, 6, "it's")]
    table = lakes.read_past(file_lake, [7], ["Order Completed"])
    assert table.schema.equals(lakes.PAST)
    assert table.to_pylist()[0]["properties"] == '{"total": 5}'
    assert table.to_pylist()[0]["occurred_at"] == START.replace(tzinfo=None)


def test_what_a_running_batch_wrote_is_seen_in_its_transaction(file_lake: Lake) -> None:
    write_events(file_lake, [(1, 7, "track", "it's", 0, {})])
    advance_fully(file_lake)

    def work(tx: lakes.Transaction) -> list[tuple[Any, ...]]:
        tx.append("events", build_events([(2, 7, "track", "it's", 0, {})]))
        return read(file_lake, [7], transaction=tx)

    assert file_lake.write(work) == [(7, 1, "it's"), (7, 2, "it's")]


def test_events_of_former_ids_come_under_the_current_one(file_lake: Lake) -> None:
    write_events(file_lake, [(n, n, "track", "it's", 0, {}) for n in range(1, 5)])
    assert file_lake.history is not None
    file_lake.history.advance()
    write_events(file_lake, [(5, 2, "track", "it's", 0, {})])
    assert read(file_lake, [4, 1], merged={1: [2, 3]}) == [
        (1, 1, "it's"),
        (1, 2, "it's"),
        (1, 3, "it's"),
        (1, 5, "it's"),
        (4, 4, "it's"),
    ]


def test_events_before_the_wanted_moment_are_left_out(file_lake: Lake) -> None:
    write_events(file_lake, [(n, 1, "track", "it's", n, {}) for n in range(1, 4)])
    write_events(file_lake, [(4, 1, "track", "Order Completed", 0, {})])
    wanted = {"it's": START + timedelta(seconds=2), "Order Completed": None}
    expected = [(1, 2, "it's"), (1, 3, "it's"), (1, 4, "Order Completed")]
    assert read(file_lake, [1], wanted) == expected
    advance_fully(file_lake)
    assert read(file_lake, [1], wanted) == expected


def test_nobody_or_nothing_wanted_gives_no_rows(file_lake: Lake) -> None:
    assert read(file_lake, []) == []
    assert read(file_lake, [1], []) == []


def test_a_damaged_file_is_built_again_and_reading_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lake.duckdb"
    lake = lakes.open_file(path)
    write_events(lake, [(n, n % 5, "track", "it's", n, {"x": "y" * 500}) for n in range(1, 400)])
    advance_fully(lake)
    expected = read(lake, [1, 2])
    lake.close()
    side = tmp_path / "lake.history.sqlite3"
    body = bytearray(side.read_bytes())
    body[8192:] = b"\x07" * (len(body) - 8192)
    side.write_bytes(body)
    with caplog.at_level(logging.WARNING):
        lake = lakes.open_file(path)
        assert read(lake, [1, 2]) == expected
    assert "built again" in caplog.text
    advance_fully(lake)
    assert read(lake, [1, 2]) == expected
    lake.close()
    side.write_bytes(b"this is no database, and long enough to be taken for one" * 50)
    lake = lakes.open_file(path)
    assert read(lake, [1, 2]) == expected
    lake.close()


def test_a_file_of_another_lake_is_not_believed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with lakes.opened(lakes.open_file(tmp_path / f"{name}.duckdb")) as lake:
            write_events(lake, [(1, 1 if name == "a" else 2, "track", "it's", 0, {})])
            advance_fully(lake)
    (tmp_path / "b.history.sqlite3").replace(tmp_path / "a.history.sqlite3")
    with lakes.opened(lakes.open_file(tmp_path / "a.duckdb")) as lake:
        assert read(lake, [1, 2]) == [(1, 1, "it's")]


def test_changes_of_the_past_are_seen_at_once_and_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"
    lake = lakes.open_file(path)
    write_events(
        lake, [(n, n % 2 + 1, "track", "it's", 0, {"secret": f"of {n % 2 + 1}"}) for n in (1, 2, 3, 4)]
    )
    advance_fully(lake)

    def move(tx: lakes.Transaction) -> None:
        tx.execute("UPDATE events SET customer_id = 9 WHERE seq = 2")
        tx.execute("DELETE FROM events WHERE customer_id = 2")
        lakes.record_changed_pasts(lake, tx, [1, 2, 9])

    lake.write(move)
    expected = [(1, 4, "it's"), (9, 2, "it's")]
    assert read(lake, [1, 2, 9]) == expected
    lake.close()
    assert b"of 2" in (tmp_path / "lake.history.sqlite3").read_bytes()
    lake = lakes.open_file(path)
    assert read(lake, [1, 2, 9]) == expected
    lakes.settle_changed_pasts(lake)
    assert read(lake, [1, 2, 9]) == expected
    assert lake.read_rows(lakes.table("changed_pasts")) == []
    lake.close()
    assert b"of 2" not in (tmp_path / "lake.history.sqlite3").read_bytes()


def test_seqs_given_again_after_the_last_events_were_erased_are_not_missed(tmp_path: Path) -> None:
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    write_events(lake, [(n, n, "track", "it's", 0, {}) for n in (1, 2, 3)])
    advance_fully(lake)

    def erase(tx: lakes.Transaction) -> None:
        tx.execute("DELETE FROM events WHERE customer_id >= 2")
        lakes.record_changed_pasts(lake, tx, [2, 3])

    lake.write(erase)
    lakes.settle_changed_pasts(lake)
    lake.close()
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    write_events(lake, [(2, 5, "track", "it's", 0, {}), (3, 5, "track", "it's", 0, {})])
    advance_fully(lake)
    assert read(lake, [1, 2, 3, 5]) == [(1, 1, "it's"), (5, 2, "it's"), (5, 3, "it's")]
    lake.close()


def test_a_change_that_is_rolled_back_changes_nothing(file_lake: Lake) -> None:
    write_events(file_lake, [(1, 1, "track", "it's", 0, {})])
    advance_fully(file_lake)

    def fail(tx: lakes.Transaction) -> None:
        tx.execute("DELETE FROM events")
        lakes.record_changed_pasts(file_lake, tx, [1])
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        file_lake.write(fail)
    assert read(file_lake, [1]) == [(1, 1, "it's")]
    lakes.settle_changed_pasts(file_lake)
    assert read(file_lake, [1]) == [(1, 1, "it's")]


def test_a_large_first_build_goes_by_ranges_and_goes_on_after_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure.lake.history._BIG_BUILD_EVENTS", 100)
    monkeypatch.setattr(history_building, "_EVENTS_A_RANGE", 60)
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    write_events(lake, [(n, n * 7 % 40, "track", NAMES[n % 4], n % 9, {"n": n}) for n in range(1, 500)])
    expected = read(lake, list(range(40)))
    assert lake.history is not None
    for _ in range(3):
        assert lake.history.advance() > 0
        assert read(lake, list(range(40))) == expected
    assert lake.history.advance(is_stopping=lambda: True) > 0
    lake.close()
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    write_events(lake, [(500, 3, "track", "it's", 0, {})])
    advance_fully(lake)
    assert read(lake, list(range(40))) == sorted([*expected, (3, 500, "it's")])
    lake.close()


def test_threads_read_while_the_file_is_filled(file_lake: Lake) -> None:
    write_events(file_lake, [(n, n % 10, "track", "it's", n, {}) for n in range(1, 2000)])
    expected, errors, stop = read(file_lake, list(range(10))), [], threading.Event()

    def look() -> None:
        while not stop.is_set():
            if read(file_lake, list(range(10))) != expected:
                errors.append("a torn read")

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert file_lake.history is not None
    for _ in range(3):
        advance_fully(file_lake)
        file_lake.history.rebuild()
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


EVENT = st.tuples(
    st.integers(1, 4),
    st.sampled_from(["track", "page", "screen", "identify"]),
    st.sampled_from([*NAMES, None]),
    st.integers(0, 5),
)
STEP = st.one_of(
    st.lists(EVENT, min_size=1, max_size=8),
    st.just("advance"),
    st.tuples(st.just("erase"), st.integers(1, 4)),
    st.tuples(st.just("move"), st.integers(1, 4), st.integers(1, 4)),
    st.just("settle"),
    st.just("rebuild"),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=14), st.dictionaries(st.sampled_from(NAMES), st.integers(0, 5), min_size=1))
def test_reading_through_the_file_is_reading_the_events(steps: list[Any], since: dict[str, int]) -> None:
    names = {name: START + timedelta(seconds=value) if value else None for name, value in since.items()}
    with pytest.MonkeyPatch.context() as patch, lakes.opened(lakes.open_memory()) as lake:
        patch.setattr(history_building, "EVENTS_AT_ONCE", 5)
        history, seq = lake.history, 0
        assert history is not None
        for step in steps:
            if isinstance(step, list):
                write_events(lake, [(seq + n, *event, {"n": n}) for n, event in enumerate(step, start=1)])
                seq += len(step)
            elif step == "advance":
                history.advance()
            elif step == "settle":
                history.settle()
            elif step == "rebuild":
                history.rebuild()
            else:
                lake.write(lambda tx, step=step: change(lake, tx, step))
            wanted = [1, 3, 4], names, {1: [2]}
            through = sort(lakes.read_past(lake, *wanted))
            patch.setattr(lake, "history", None)
            assert through == sort(lakes.read_past(lake, *wanted))
            patch.setattr(lake, "history", history)


def change(lake: Lake, tx: lakes.Transaction, step: tuple[Any, ...]) -> None:
    if step[0] == "erase":
        tx.execute("DELETE FROM events WHERE customer_id = ?", [step[1]])
    else:
        tx.execute(
            "UPDATE events SET customer_id = ? WHERE customer_id = ? AND seq % 2 = 0", [step[2], step[1]]
        )
    lakes.record_changed_pasts(lake, tx, step[1:])


def sort(rows: pa.Table) -> pa.Table:
    return rows.sort_by([("seq", "ascending")])
