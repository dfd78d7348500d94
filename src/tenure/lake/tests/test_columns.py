import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.lake import api as lakes
from tenure.lake import column_catalog, columns
from tenure.lake.api import Lake
from tenure.lake.tests.event_rows import START, build_events, write_events
from tenure.lake.tests.test_history import EVENT, NAMES, change

ORDER = "Order Completed"
ASKED = (("total", "number"), ("coupon", "text"), ("at", "moment"), ("address.city", "text"), ("tags", "raw"))


@pytest.fixture
def file_lake(tmp_path: Path) -> Iterator[Lake]:
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    yield lake
    lake.close()


def advance_fully(lake: Lake) -> None:
    assert lake.columns is not None
    while lake.columns.advance():
        pass


def read(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    with lake.reading() as reader:
        return sorted(reader.execute(sql).fetchall(), key=lambda row: (row[1], repr(row)))


def assert_same(lake: Lake, event: str, asked: Any = ASKED) -> list[tuple[Any, ...]]:
    assert lake.columns is not None
    quick = read(lake, lake.columns.build_event_rows(event, asked))
    assert quick == read(lake, lakes.build_event_rows(lakes.DUCKDB, event, asked))
    return quick


def test_columns_say_what_the_json_says(file_lake: Lake) -> None:
    write_events(
        file_lake,
        [
            (
                1,
                7,
                "track",
                ORDER,
                0,
                {"total": 12.5, "coupon": "A", "address": {"city": "Bonn", "zip": None}},
            ),
            (2, 7, "track", ORDER, 0, {"total": "12", "coupon": None, "tags": ["a", 1], "at": "2026-01-02"}),
            (3, 8, "page", "Home", 0, {"path": "/"}),
            (4, None, "track", ORDER, 0, {"total": 1}),
        ],
    )
    before = assert_same(file_lake, ORDER)
    advance_fully(file_lake)
    assert file_lake.columns is not None and file_lake.columns.watermark == 4
    assert assert_same(file_lake, ORDER) == before
    asked = [column for column in ASKED if column[1] != "raw"]
    sql = file_lake.columns.build_event_rows(ORDER, asked)
    assert "event_columns_1" in sql
    assert_same(file_lake, ORDER, asked)
    write_events(file_lake, [(5, 9, "track", ORDER, 0, {"new": True, "total": 3})])
    assert len(assert_same(file_lake, ORDER, [*asked, ("new", "text")])) == 3
    advance_fully(file_lake)
    assert len(assert_same(file_lake, ORDER, [*asked, ("new", "text")])) == 3
    assert file_lake.columns.list_properties(ORDER) == {
        "total": "number",
        "coupon": "text",
        "address": "object",
        "address.city": "text",
        "address.zip": "",
        "tags": "list",
        "at": "text",
        "new": "boolean",
    }


@pytest.mark.parametrize(
    "name",
    [
        "it's",
        'say "hi"',
        "*",
        "back\\slash",
        "a/b",
        "~",
        "$",
        "$.x",
        "ü",
        " ",
        "0",
        "a.b",
        "a.0",
        "a.b.c",
        "SUM",
    ],
)
def test_a_property_of_any_name_is_read_the_same(file_lake: Lake, name: str) -> None:
    write_events(
        file_lake,
        [
            (1, 1, "track", ORDER, 0, {name: "top", "a": {"b": {"c": 1}, "0": "zero", name: "inner"}}),
            (2, 1, "track", ORDER, 0, {name: ["x"], "a": ["first"]}),
        ],
    )
    before = assert_same(file_lake, ORDER, [(name, "text")])
    advance_fully(file_lake)
    assert assert_same(file_lake, ORDER, [(name, "text")]) == before


def test_names_and_properties_beyond_the_most_are_read_from_the_json(
    file_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_catalog, "MOST_NAMES", 2)
    monkeypatch.setattr(column_catalog, "MOST_PROPERTIES", 2)
    write_events(file_lake, [(n, 1, "track", f"Event {n % 3}", 0, {f"p{n}": n}) for n in range(1, 10)])
    advance_fully(file_lake)
    for event in ("Event 0", "Event 1", "Event 2", "Event 9"):
        rows = assert_same(file_lake, event, [(f"p{n}", "number") for n in range(1, 10)])
        assert len(rows) == (0 if event == "Event 9" else 3)
    assert file_lake.columns is not None
    assert [(seen.name, seen.count) for seen in file_lake.columns.list_events()] == [
        ("Event 0", 3),
        ("Event 1", 3),
        ("Event 2", 3),
    ]


def test_what_was_seen_is_listed_for_people_who_type(file_lake: Lake) -> None:
    write_events(
        file_lake,
        [(n, n, "track", ORDER, n, {"coupon": ["Summer", "spring", "SUN"][n % 3]}) for n in range(1, 8)],
    )
    write_events(file_lake, [(8, 1, "screen", None, 0, {"x": 1})])
    kept = file_lake.columns
    assert kept is not None

    def look() -> None:
        assert [(seen.name, seen.count) for seen in kept.list_events()] == [(ORDER, 7), ("Screen Viewed", 1)]
        assert kept.list_events()[0].last_seen_at == START + timedelta(seconds=7)
        assert kept.list_properties(ORDER) == {"coupon": "text"}
        assert kept.list_properties("Unheard Of") == {}
        assert kept.list_values(ORDER, "coupon", "su") == [("SUN", 2), ("Summer", 2)]
        assert kept.list_values(ORDER, "coupon", limit=1) == [("spring", 3)]
        assert kept.list_values(ORDER, "unheard", "su") == []

    look()
    advance_fully(file_lake)
    look()
    file_lake.answers = type(file_lake.answers)(lambda: file_lake.version)
    look()


def test_columns_are_known_again_after_a_restart_and_after_a_rebuild(tmp_path: Path) -> None:
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    write_events(lake, [(1, 1, "track", ORDER, 0, {"total": 1})])
    advance_fully(lake)
    lake.close()
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    assert lake.columns is not None and lake.columns.watermark == 1
    assert lake.columns.list_properties(ORDER) == {"total": "number"}
    lake.columns.rebuild()
    assert lake.columns.watermark == 0
    assert_same(lake, ORDER)
    advance_fully(lake)
    assert_same(lake, ORDER)
    lake.close()


def test_a_change_while_a_part_is_being_read_is_not_written_over(file_lake: Lake) -> None:
    write_events(
        file_lake, [(1, 1, "track", ORDER, 0, {"total": 1}), (2, 2, "track", ORDER, 0, {"total": 2})]
    )
    kept, write = file_lake.columns, file_lake.write
    assert kept is not None

    def change_first(work: Any) -> Any:
        file_lake.write = write  # type: ignore[method-assign]
        write(lambda tx: change(file_lake, tx, ("erase", 2)))
        return write(work)

    file_lake.write = change_first  # type: ignore[method-assign]
    assert kept.advance() > 0
    assert kept.watermark == 0
    advance_fully(file_lake)
    assert assert_same(file_lake, ORDER, [("total", "number")])[0][:2] == (1, 1)


def test_counts_are_right_while_tables_grow(file_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_EVENTS_AT_ONCE", 50)
    rows = [(n, 1, "track", ORDER, 0, {f"p{n // 40}": n, "n": 1}) for n in range(1, 1000)]
    write_events(file_lake, rows)
    kept, stop, wrong = file_lake.columns, threading.Event(), []
    assert kept is not None

    def look() -> None:
        while not stop.is_set():
            sql = kept.build_event_rows(ORDER, [("n", "number"), ("p20", "text")])
            with file_lake.reading() as reader:
                found = reader.execute(f"SELECT count(*), sum(c0), count(c1) FROM ({sql})").fetchone()
            if found != (999, 999, 40):
                wrong.append(found)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    advance_fully(file_lake)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


VALUE = st.one_of(
    st.integers(-5, 5),
    st.sampled_from(["a", "2026-01-01", "7", True, None, 1.5]),
    st.lists(st.integers(0, 1), max_size=2),
)
PROPERTIES = st.dictionaries(
    st.sampled_from(["total", "coupon", "at", "address"]), VALUE | st.fixed_dictionaries({"city": VALUE})
)
STEP = st.one_of(
    st.lists(st.tuples(EVENT, PROPERTIES), min_size=1, max_size=6),
    st.just("advance"),
    st.tuples(st.just("erase"), st.integers(1, 4)),
    st.tuples(st.just("move"), st.integers(1, 4), st.integers(1, 4)),
    st.just("rebuild"),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=12))
def test_reading_columns_is_reading_the_events(steps: list[Any]) -> None:
    asked = [*ASKED[:4], ("address", "text")]
    with pytest.MonkeyPatch.context() as patch, lakes.opened(lakes.open_memory()) as lake:
        patch.setattr(columns, "_EVENTS_AT_ONCE", 4)
        patch.setattr(column_catalog, "MOST_PROPERTIES", 4)
        seq, kept = 0, lake.columns
        assert kept is not None
        for step in steps:
            if isinstance(step, list):
                rows = [(seq + n, *event, properties) for n, (event, properties) in enumerate(step, start=1)]
                lake.write(lambda tx, rows=rows: tx.append("events", build_events(rows)))
                seq += len(step)
            elif step == "advance":
                kept.advance()
            elif step == "rebuild":
                kept.rebuild()
            else:
                lake.write(lambda tx, step=step: change(lake, tx, step))
            for event in NAMES:
                assert_same(lake, event, asked)
