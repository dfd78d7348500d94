"""Kept answers are asked again when the lake has changed, and only then."""

from datetime import UTC, datetime

from tenure.base import clock
from tenure.lake import answers
from tenure.lake import api as lakes


def ask(lake: lakes.Lake, asked: list[str], key: str = "count", stale_seconds: float = 0.0) -> int:
    def work() -> int:
        asked.append(key)
        return int(lake.read_value(lakes.table("checkpoints").count().as_table()))

    return lake.answers.get(key, work, stale_seconds)


def write(lake: lakes.Lake) -> None:
    lake.write(lambda tx: tx.execute("INSERT INTO checkpoints VALUES ('x', 1)") and None)


def test_an_answer_is_asked_once_until_the_lake_changes(lake: lakes.Lake) -> None:
    asked: list[str] = []
    assert [ask(lake, asked), ask(lake, asked)] == [0, 0]
    assert len(asked) == 1
    write(lake)
    assert ask(lake, asked) == 1
    assert len(asked) == 2


def test_a_stale_answer_lasts_no_longer_than_its_seconds(lake: lakes.Lake) -> None:
    asked: list[str] = []
    with clock.virtual(datetime(2026, 3, 1, tzinfo=UTC)) as time:
        assert ask(lake, asked, stale_seconds=60) == 0
        write(lake)
        time.advance(seconds=59)
        assert ask(lake, asked, stale_seconds=60) == 0
        time.advance(seconds=1)
        assert ask(lake, asked, stale_seconds=60) == 1


def test_a_failed_question_is_asked_again(lake: lakes.Lake) -> None:
    tried = []

    def work() -> int:
        tried.append(1)
        return 1 // (len(tried) - 1)

    for expected in (ZeroDivisionError, None):
        try:
            assert lake.answers.get("broken", work) == 1
            assert expected is None
        except ZeroDivisionError as error:
            assert expected is type(error)
    assert len(tried) == 2


def test_the_longest_unused_answer_makes_room(lake: lakes.Lake) -> None:
    asked: list[str] = []
    for number in range(answers.MOST_ANSWERS + 1):
        ask(lake, asked, str(number))
    ask(lake, asked, str(answers.MOST_ANSWERS))
    assert len(asked) == answers.MOST_ANSWERS + 1
    ask(lake, asked, "0")
    assert len(asked) == answers.MOST_ANSWERS + 2
