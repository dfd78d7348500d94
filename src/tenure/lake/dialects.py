"""What engines write differently, as text: values out of JSON, moments, exact counts. No other room names an engine."""

from collections.abc import Sequence
from dataclasses import dataclass

UNIX_SECONDS = "[0-9]{9,10}"
ISO_8601 = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9]"
    "(:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?)?"
)
"""A day, or a day and a time with or without seconds; a zone only after seconds."""


def quote_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Dialect:
    """DuckDB's. `ibis_name` is how Ibis calls the engine."""

    ibis_name: str = "duckdb"

    def quote(self, text: str) -> str:
        """A text literal."""
        return quote_text(text)

    def point(self, path: Sequence[str]) -> str:
        """Where a value lies in a JSON document, in the engine's own language of paths."""
        return _point(path)

    def read_text(self, json: str, path: Sequence[str]) -> str:
        """The text of a value in a JSON document; NULL where there is none."""
        return f"({json} ->> {self.quote(_point(path))})"

    def read_raw(self, json: str, path: Sequence[str]) -> str:
        """The JSON text of a value; NULL where there is none, and for null."""
        return f"nullif(json_extract({json}, {self.quote(_point(path))})::VARCHAR, 'null')"

    def as_number(self, text: str) -> str:
        """Digits with a sign, a point and an exponent where there are any, blanks around; four decimals, halves away
        from 0. NULL for everything else, and from 10^14 on."""
        return f"CASE WHEN NOT contains({text}, '_') THEN TRY_CAST({text} AS DECIMAL(18, 4)) END"

    def as_moment(self, text: str) -> str:
        """ISO 8601 (without a zone: UTC) or Unix seconds, as naive UTC; NULL for everything else."""
        return (
            f"CASE WHEN regexp_full_match({text}, '{UNIX_SECONDS}') "
            f"THEN make_timestamp(TRY_CAST({text} AS BIGINT) * 1000000) WHEN regexp_full_match({text}, '{ISO_8601}') "
            f"THEN CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP) END"
        )

    def add_seconds(self, moment: str, seconds: str) -> str:
        return f"({moment} + to_seconds({seconds}))"

    def start_of_next_day(self, moment: str) -> str:
        return f"(date_trunc('day', {moment}) + INTERVAL 1 DAY)"

    def as_moment_literal(self, text: str) -> str:
        return f"CAST({text} AS TIMESTAMP)"

    def as_date(self, moment: str) -> str:
        return f"CAST({moment} AS DATE)"

    def as_decimal(self, value: str) -> str:
        return f"CAST({value} AS DECIMAL(18, 4))"

    def as_string(self, value: str) -> str:
        return f"CAST({value} AS VARCHAR)"

    def order_key(self, moment: str, seq: str) -> str:
        """A number that orders by moment, then by sequence number."""
        return f"(epoch_us({moment})::DECIMAL(38, 0) * 1000000000000 + {seq})"

    def minutes_between(self, start: str, end: str) -> str:
        return f"CAST((epoch_us({end}) - epoch_us({start})) / 60000000.0 AS DECIMAL(18, 4))"

    def finish(self, sql: str) -> str:
        """Compiled text as this engine has to have it."""
        return sql


def _point(path: Sequence[str]) -> str:
    """As a JSON path; where that would be a wildcard or an error, as a JSON pointer."""
    if any(part in ("", "*") for part in path):
        return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    return "$" + "".join('."' + part.replace('"', '\\"') + '"' for part in path)


DUCKDB = Dialect()
