from collections.abc import Iterator
from pathlib import Path

import pytest

from tenure.lake import api as lakes
from tenure.lake import keeper
from tenure.lake.api import Lake
from tenure.lake.tests.event_rows import write_events


@pytest.fixture
def file_lake(tmp_path: Path) -> Iterator[Lake]:
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    yield lake
    lake.close()


def count_behind(lake: Lake) -> int:
    assert lake.history is not None and lake.columns is not None
    return max(lake.history.count_behind(), lake.columns.count_behind())


def test_a_calm_lake_is_caught_up_with(file_lake: Lake) -> None:
    looking = lakes.Keeper(file_lake)
    looking.look()
    write_events(file_lake, [(1, 1, "track", "Order Completed", 0, {})])
    looking.look()
    assert count_behind(file_lake) == 1
    looking.look()
    assert count_behind(file_lake) == 0


def test_a_long_tail_is_shortened_though_events_keep_coming(
    file_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LONG_TAIL_EVENTS", 2)
    looking = lakes.Keeper(file_lake)
    for seq in range(1, 4):
        write_events(file_lake, [(seq, 1, "track", "Order Completed", 0, {})])
        looking.look()
    assert count_behind(file_lake) == 0


def test_the_thread_starts_with_what_is_there_and_stops_at_once(file_lake: Lake) -> None:
    write_events(file_lake, [(n, 1, "track", "Order Completed", 0, {}) for n in range(1, 100)])
    running = lakes.Keeper(file_lake)
    running.catch_up()
    running.start()
    running.stop()
    assert count_behind(file_lake) == 0
