"""Dates and amounts as people write them."""
# ruff: noqa: DTZ001 (dates are read as naive UTC)

from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.base.errors import TenureError
from tenure.events.imports.amounts import choose_amount_reading
from tenure.events.imports.dates import choose_date_reading

LATEST = "TIMESTAMP '2026-11-23'"


def load(values: list[str | None]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE TABLE cells AS SELECT unnest(?::VARCHAR[]) AS cell", [values])
    return connection


def read_dates(
    values: list[str | None], date_format: str | None = None
) -> tuple[list[datetime | None], str, str | None]:
    connection = load(values)
    reading = choose_date_reading(connection, "cells", "cell", LATEST, date_format)
    rows = connection.execute(f"SELECT {reading.expression} FROM cells ORDER BY rowid").fetchall()
    return [row[0] for row in rows], reading.label, reading.warning


def read_amounts(values: list[str | None], delimiter: str | None = ",") -> list[Decimal | None]:
    connection = load(values)
    reading = choose_amount_reading(connection, "cells", ["cell"], delimiter)
    return [
        row[0]
        for row in connection.execute(f"SELECT {reading.read('cell')} FROM cells ORDER BY rowid").fetchall()
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2010-12-01 08:26:00", datetime(2010, 12, 1, 8, 26)),
        ("2010-12-01", datetime(2010, 12, 1)),
        ("2010/12/01 10:00", datetime(2010, 12, 1, 10)),
        ("2010.12.01", datetime(2010, 12, 1)),
        ("2010-12-01T08:26:00.123Z", datetime(2010, 12, 1, 8, 26, 0, 123000)),
        ("2010-12-01T08:26:00+02:00", datetime(2010, 12, 1, 6, 26)),
        ("2010-12-01T08:26Z", datetime(2010, 12, 1, 8, 26)),
        ("2023-01-15 10:30:00 -0500", datetime(2023, 1, 15, 15, 30)),
        ("20101201", datetime(2010, 12, 1)),
        ("20101201T1015", datetime(2010, 12, 1, 10, 15)),
        ("1609459200", datetime(2021, 1, 1)),
        ("1609459200123", datetime(2021, 1, 1, 0, 0, 0, 123000)),
        ("13/02/2010 10:15", datetime(2010, 2, 13, 10, 15)),
        ("02/13/2010 1:05 PM", datetime(2010, 2, 13, 13, 5)),
        ("02/13/2010 12:00 AM", datetime(2010, 2, 13)),
        ("31.12.09", datetime(2009, 12, 31)),
        ("12 Dec 2010", datetime(2010, 12, 12)),
        ("02-Jan-11", datetime(2011, 1, 2)),
        ("Dec 2, 2010 10:15 PM", datetime(2010, 12, 2, 22, 15)),
        ("2011-02-29", None),
        ("31/31/2010", None),
        ("NaT", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_read_as_naive_utc(text: str, expected: datetime | None) -> None:
    assert read_dates([text])[0] == [expected]


def test_formats_may_be_mixed_in_one_column() -> None:
    values, label, _ = read_dates(["2010-12-01", "20101201", "1609459200", "12 Dec 2010"])
    assert values == [
        datetime(2010, 12, 1),
        datetime(2010, 12, 1),
        datetime(2021, 1, 1),
        datetime(2010, 12, 12),
    ]
    assert label == "ISO, YYYYMMDD, epoch, day and month name"


def test_one_date_settles_day_or_month_first_for_the_column() -> None:
    assert read_dates(["01/02/2010", "13/02/2010"])[0][0] == datetime(2010, 2, 1)
    assert read_dates(["01/02/2010", "02/13/2010"])[0][0] == datetime(2010, 1, 2)


def test_an_unclear_column_says_how_it_was_read_and_can_be_told() -> None:
    values, _, warning = read_dates(["01/02/2010"])
    assert values == [datetime(2010, 1, 2)]
    assert warning is not None
    assert "month first" in warning
    assert "date format DMY" in warning
    assert read_dates(["01/02/2010"], "DMY") == ([datetime(2010, 2, 1)], "DD/MM/YYYY", None)
    assert read_dates(["01.02.2010"])[0] == [datetime(2010, 2, 1)]


def test_the_reading_that_lies_in_the_future_is_not_taken() -> None:
    assert read_dates(["11/12/2026", "10/11/2026"])[0] == read_dates(["11/12/2026", "10/11/2026"], "MDY")[0]


def test_a_pattern_can_be_given_and_a_wrong_one_is_refused() -> None:
    assert read_dates(["01|02|2010"], "%d|%m|%Y")[0] == [datetime(2010, 2, 1)]
    for wrong in ("%Q", "european"):
        with pytest.raises(TenureError) as error:
            read_dates(["01|02|2010"], wrong)
        assert error.value.code == "bad_date_format"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2026, 1, 1)), min_size=1, max_size=20))
def test_whatever_was_written_as_iso_is_read_back(moments: list[datetime]) -> None:
    whole = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in moments]
    for written in ([m.isoformat(" ") for m in whole], [m.replace(tzinfo=UTC).isoformat() for m in whole]):
        assert read_dates(list(written))[0] == whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.56", "1234.56"), ("$1,234", "1234"), ("(12.50)", "-12.5"), ("-€5.00", "-5"), ("$-4", "-4"),
        ("5.00-", "-5"), ("12 kr", "12"), ("USD 3.1", "3.1"), ("1 234.50", "1234.5"), ("1'234.50", "1234.5"),
        ("−7.5", "-7.5"), ("1e3", "1000"), ("+5", "5"), (".5", "0.5"), ("12.5 EUR", "12.5"),
        ("NaN", None), ("inf", None), ("-Infinity", None), ("abc", None), ("", None), ("-", None), ("EUR", None),
        ("1.2.3", None), ("1e400", None),
    ],
)  # fmt: skip
def test_an_amount_with_a_decimal_point(text: str, expected: str | None) -> None:
    assert read_amounts([text, "2.55"])[0] == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.234,56", "1234.56"), ("1.234", "1234"), ("12,5 €", "12.5"), ("(3,00)", "-3"), ("7", "7")],
)
def test_an_amount_with_a_decimal_comma(text: str, expected: str) -> None:
    assert read_amounts([text, "2,55"])[0] == Decimal(expected)


def test_an_unclear_comma_is_a_thousands_separator_except_between_semicolons() -> None:
    assert read_amounts(["1,234"]) == [Decimal(1234)]
    assert read_amounts(["1,234"], ";") == [Decimal("1.234")]
    connection = load(["1,234"])
    warning = choose_amount_reading(connection, "cells", ["cell"], ",").warning
    assert warning is not None
    assert "1,234 was read as a thousands separator" in warning


@settings(max_examples=25, deadline=None)
@given(st.lists(st.decimals(-(10**9), 10**9, places=2, allow_nan=False), min_size=1, max_size=20))
def test_amounts_written_in_either_style_are_read_back(amounts: list[Decimal]) -> None:
    english = [f"{amount:,.2f}" for amount in amounts]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    assert read_amounts([f"$ {text}" for text in english]) == amounts
    assert read_amounts([f"{text} €" for text in german]) == amounts
    assert read_amounts([str(amount) for amount in amounts]) == amounts
