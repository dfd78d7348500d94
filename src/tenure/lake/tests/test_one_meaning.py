"""What statements and expressions say means the same on every engine."""

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest

from tenure.config.testing_postgresql import ON_EVERY_ENGINE
from tenure.lake import api as lakes


def naive(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc]


ROWS = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "word": ["Ärger", "zebra", None, "apple"],
        "number": pa.array([7, -7, None, 2], pa.int64()),
        "moment": pa.array(
            [naive(2024, 2, 29, 23, 59, 59, 999_999), naive(2025, 3, 1), None, naive(2024, 12, 30)],
            pa.timestamp("us"),
        ),
        "document": [
            '{"a": {"b c": "x"}, "n": "12.34567", "t": true, "z": null, "l": [1, 2]}',
            '{"n": "much", "a": null}',
            None,
            '{"n": 1e3, "a": {"b c": "y"}}',
        ],
    }
)

Build = Callable[[ibis.Table], Any]


def ask(lake: lakes.Lake, text: str) -> list[tuple[Any, ...]]:
    with lake.reading() as reading, reading.with_rows("given", ROWS):
        return reading.execute(text).fetchall()


@ON_EVERY_ENGINE
@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("document ->> '$.a.\"b c\"'", ["x", None, None, "y"]),
        ("document ->> '$.t'", ["true", None, None, None]),
        ("document ->> '$.z'", [None, None, None, None]),
        ("TRY_CAST(document ->> '$.n' AS DECIMAL(16, 4))", [Decimal("12.3457"), None, None, Decimal(1000)]),
        ("TRY_CAST(word AS DOUBLE)", [None, None, None, None]),
        ("lower(word)", ["ärger", "zebra", None, "apple"]),
        ("word > 'b'", [True, True, None, False]),
        ("regexp_matches(word, '^.{5}$')", [True, True, None, True]),
        ("number / 2", [3.5, -3.5, None, 1.0]),
        ("number % 2", [1, -1, None, 0]),
        ("greatest(number, 0)", [7, 0, 0, 2]),
        ("epoch_us(moment) % 1000000", [999_999, 0, None, 0]),
        ("date_diff('day', moment, TIMESTAMP '2025-03-01 00:00:00')", [366, 0, None, 61]),
        ("date_diff('hour', moment, TIMESTAMP '2025-03-01 00:00:00')", [8_761, 0, None, 1_464]),
        (
            "date_trunc('week', moment)::DATE",
            [date(2024, 2, 26), date(2025, 2, 24), None, date(2024, 12, 30)],
        ),
        ("moment + to_seconds(90) > moment", [True, True, None, True]),
        ("TRY_CAST('2024-02-30' AS TIMESTAMP)", [None] * 4),
        ("TRY_CAST('2024-02-29T10:00:00+02:00' AS TIMESTAMP)", [naive(2024, 2, 29, 10)] * 4),
        (
            "CAST(TRY_CAST('2024-02-29T10:00:00+02:00' AS TIMESTAMPTZ) AS TIMESTAMP)",
            [naive(2024, 2, 29, 8)] * 4,
        ),
        ("(id, number) IS NOT DISTINCT FROM (3, NULL)", [False, False, True, False]),
    ],
)
def test_a_value_is_the_same(lake: lakes.Lake, value: str, answers: list[Any]) -> None:
    assert [answer for (answer,) in ask(lake, f"SELECT {value} FROM given ORDER BY id")] == answers


@ON_EVERY_ENGINE
def test_an_aggregate_is_the_same(lake: lakes.Lake) -> None:
    found = ask(
        lake,
        "SELECT arg_max(word, moment), arg_min(word, (number, id)), count(*) FILTER (number > 0), max(word), min(word), "
        "quantile_disc(number, [0.5, 1.0]), quantile_cont(number, 0.5), count(DISTINCT word) FROM given",
    )
    assert [list(row) for row in found] == [["zebra", "zebra", 2, "Ärger", "apple", [2, 7], 2.0, 3]]


@ON_EVERY_ENGINE
def test_text_sorts_by_code_point_and_nothing_comes_last(lake: lakes.Lake) -> None:
    assert [word for (word,) in ask(lake, "SELECT word FROM given ORDER BY word")] == [
        "apple",
        "zebra",
        "Ärger",
        None,
    ]
    assert ask(lake, "SELECT word FROM given ORDER BY word DESC")[-1] == (None,)


@ON_EVERY_ENGINE
@pytest.mark.parametrize(
    ("build", "answers"),
    [
        (lambda t: t.word.contains("e"), [True, True, None, True]),
        (lambda t: t.word.length(), [5, 5, None, 5]),
        (lambda t: t.number // 2, [3, -4, None, 1]),
        (lambda t: (t.number > 0).cast("int8"), [1, 0, None, 1]),
        (lambda t: t.word.hash() == t.word.hash(), [True, True, True, True]),
        (lambda t: t.moment.date(), [date(2024, 2, 29), date(2025, 3, 1), None, date(2024, 12, 30)]),
        (lambda t: t.moment.date().delta(ibis.date("2024-02-28"), unit="day"), [1, 367, None, 306]),
        (lambda t: t.word.isin(["apple", "pear"]), [False, False, None, True]),
        (lambda t: t.number.cast("float64") / 2, [3.5, -3.5, None, 1.0]),
        (lambda t: t.word.re_search(r"^\p{L}+$"), [True, True, None, True]),
    ],
)
def test_an_expression_is_the_same(lake: lakes.Lake, build: Build, answers: list[Any]) -> None:
    with lake.reading() as reading, reading.with_rows("given", ROWS) as table:
        found = reading.read_rows(table.order_by("id").select(answer=build(table)))
    assert [row["answer"] for row in found] == answers


def hash_of(text: str) -> int:
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[8:], "little")


@ON_EVERY_ENGINE
def test_message_keys_are_the_same(lake: lakes.Lake) -> None:
    batch = pa.table({"message_id": ["a", "é", ""]})
    with lake.reading() as reading:
        keys = reading.compute_message_keys(batch)
    assert keys.tolist() == [hash_of(text) for text in ("a", "é", "")]
