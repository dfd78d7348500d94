"""What engines write differently, as text: values out of JSON, moments, exact counts. No other room names an engine."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
from ibis.config import Config

if ibis.options.pyspark is None:

    class _SparkOptions(Config):  # type: ignore[misc]
        treat_nan_as_null: bool = False

    ibis.options.pyspark = _SparkOptions()
    """What Ibis asks for when it writes Spark's SQL, and knows only where Spark is installed."""

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


_NUMBER = "^[ \\t\\n\\r]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?[ \\t\\n\\r]*$"
"""What counts as a number, for engines that take more, or less. The backslashes stand in a text literal."""
_LITERAL = re.compile(r"""('(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`)""", re.DOTALL)


def _outside_literals(sql: str, change: Callable[[str], str]) -> str:
    """Text with a change made everywhere but in texts and quoted names."""
    parts = _LITERAL.split(sql)
    return "".join(part if number % 2 else change(part) for number, part in enumerate(parts))


def _quote_with_backslashes(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass(frozen=True)
class ClickHouseDialect(Dialect):
    """ClickHouse's. Run with the settings `CLICKHOUSE_SETTINGS`; without them nothing would be 0 or 1970."""

    ibis_name: str = "clickhouse"

    def quote(self, text: str) -> str:
        return _quote_with_backslashes(text)

    def read_text(self, json: str, path: Sequence[str]) -> str:
        at = self._place(json, path)
        raw = f"if(JSONType({at}) = 'String', JSONExtractString({at}), JSONExtractRaw({at}))"
        return f"if(JSONType({at}) = 'Null', NULL, {raw})"

    def read_raw(self, json: str, path: Sequence[str]) -> str:
        at = self._place(json, path)
        return f"if(JSONType({at}) = 'Null', NULL, JSONExtractRaw({at}))"

    def _place(self, json: str, path: Sequence[str]) -> str:
        return ", ".join([f"coalesce({json}, '')", *(self.quote(part) for part in path)])

    def as_number(self, text: str) -> str:
        number = f"round(toDecimal128OrNull(trimBoth({text}, ' \\t\\n\\r'), 10), 4)"
        is_one = f"match({text}, '{_NUMBER}') AND abs({number}) < 100000000000000"
        return f"if({is_one}, toDecimal64OrNull(toString({number}), 4), NULL)"

    def as_moment(self, text: str) -> str:
        return (
            f"multiIf(match({text}, '^{UNIX_SECONDS}$'), toDateTime64(toInt64OrNull({text}), 6), "
            f"match({text}, '^{ISO_8601}$'), parseDateTime64BestEffortOrNull({text}, 6), NULL)"
        )

    def add_seconds(self, moment: str, seconds: str) -> str:
        return f"addSeconds({moment}, {seconds})"

    def start_of_next_day(self, moment: str) -> str:
        return f"toDateTime64(addDays(toDate32({moment}), 1), 6)"

    def as_moment_literal(self, text: str) -> str:
        return f"toDateTime64({text}, 6)"

    def as_date(self, moment: str) -> str:
        return f"toDate32({moment})"

    def as_decimal(self, value: str) -> str:
        return f"toDecimal64OrNull(toString(round({value}, 4)), 4)"

    def as_string(self, value: str) -> str:
        return f"toString({value})"

    def order_key(self, moment: str, seq: str) -> str:
        micros = f"toDecimal128(toUnixTimestamp64Micro({moment}), 0)"
        return f"({micros} * toDecimal128('1000000000000', 0) + {seq})"

    def minutes_between(self, start: str, end: str) -> str:
        micros = f"(toUnixTimestamp64Micro({end}) - toUnixTimestamp64Micro({start}))"
        return f"(toDecimal64(intDiv({micros} + 3000, 6000), 4) / 10000)"

    def finish(self, sql: str) -> str:
        """Exact counts, dates before 1970, and the names of functions."""
        return _outside_literals(sql, _say_clickhouse)


CLICKHOUSE_SETTINGS = {
    "aggregate_functions_null_for_empty": "1",
    "join_use_nulls": "1",
    "session_timezone": "UTC",
}
_CLICKHOUSE_WORDS = (
    (re.compile(r"\buniq(If)?\("), r"uniqExact\1("),
    (re.compile(r"\btoDate\("), "toDate32("),
    (re.compile(r"\bmakeDate\("), "makeDate32("),
    (re.compile(r"\bDATE\("), "toDate32("),
    (re.compile(r"\barg_max(If)?\("), r"argMax\1("),
    (re.compile(r"\brow\("), "tuple("),
    (re.compile(r"\btoDecimal(\d+)\((-?[0-9.]+),"), r"toDecimal\1('\2',"),
)


def _say_clickhouse(sql: str) -> str:
    for pattern, words in _CLICKHOUSE_WORDS:
        sql = pattern.sub(words, sql)
    return sql


@dataclass(frozen=True)
class SparkDialect(Dialect):
    """Spark SQL's, in a session whose time zone is UTC. For computing only."""

    ibis_name: str = "pyspark"

    def quote(self, text: str) -> str:
        return _quote_with_backslashes(text)

    def read_text(self, json: str, path: Sequence[str]) -> str:
        for part in path:
            json = f"try_element_at(from_json({json}, 'map<string,string>'), {self.quote(part)})"
        return json

    def read_raw(self, json: str, path: Sequence[str]) -> str:
        *above, last = path
        inside = self.read_text(json, above) if above else json
        value = f"try_element_at(from_json({inside}, 'map<string,variant>'), {self.quote(last)})"
        return f"nullif(to_json({value}), 'null')"

    def as_number(self, text: str) -> str:
        return f"CASE WHEN {text} RLIKE '{_NUMBER}' THEN try_cast(trim({text}) AS DECIMAL(18, 4)) END"

    def as_moment(self, text: str) -> str:
        zoned = f"regexp_replace({text}, '(.{{11}}.*[+-][0-9]{{2}})([0-9]{{2}})?$', '$1:$2')"
        whole = f"regexp_replace({zoned}, ':$', ':00')"
        return (
            f"CASE WHEN {text} RLIKE '^{UNIX_SECONDS}$' "
            f"THEN CAST(timestamp_seconds(CAST({text} AS BIGINT)) AS TIMESTAMP_NTZ) "
            f"WHEN {text} RLIKE '^{ISO_8601}$' THEN CAST(try_cast({whole} AS TIMESTAMP) AS TIMESTAMP_NTZ) END"
        )

    def add_seconds(self, moment: str, seconds: str) -> str:
        return f"({moment} + make_dt_interval(0, 0, 0, {seconds}))"

    def start_of_next_day(self, moment: str) -> str:
        return f"CAST(date_add(CAST({moment} AS DATE), 1) AS TIMESTAMP_NTZ)"

    def as_moment_literal(self, text: str) -> str:
        return f"CAST({text} AS TIMESTAMP_NTZ)"

    def as_string(self, value: str) -> str:
        return f"CAST({value} AS STRING)"

    def order_key(self, moment: str, seq: str) -> str:
        micros = f"CAST(unix_micros(CAST({moment} AS TIMESTAMP)) AS DECIMAL(20, 0))"
        return f"CAST({micros} * CAST(1000000000000 AS DECIMAL(13, 0)) + {seq} AS DECIMAL(38, 0))"

    def minutes_between(self, start: str, end: str) -> str:
        ended, began = (f"unix_micros(CAST({moment} AS TIMESTAMP))" for moment in (end, start))
        return f"CAST(CAST({ended} - {began} AS DECIMAL(20, 0)) / 60000000 AS DECIMAL(18, 4))"

    def finish(self, sql: str) -> str:
        """Moments without a zone, and the names of functions."""
        return _outside_literals(sql, _say_spark)


def _say_spark(sql: str) -> str:
    sql = re.sub(r"\bARG_MAX\(", "MAX_BY(", sql, flags=re.IGNORECASE)
    sql = re.sub(r"\bROW\(", "STRUCT(", sql, flags=re.IGNORECASE)
    return re.sub(r"\bAS TIMESTAMP\)", "AS TIMESTAMP_NTZ)", sql)


DUCKDB = Dialect()
CLICKHOUSE = ClickHouseDialect()
SPARK = SparkDialect()
DIALECTS = {"duckdb": DUCKDB, "clickhouse": CLICKHOUSE, "spark": SPARK}
"""By the name that people give. PostgreSQL is spoken to in DuckDB's words, which its engine translates."""
