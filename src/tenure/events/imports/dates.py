"""Dates as files write them: one reading for a whole column, as an engine expression that gives naive UTC."""

import calendar
import re
from dataclasses import dataclass

import duckdb

from tenure.base.errors import TenureError

NAMED_FORMATS = ("ISO", "YMD", "DMY", "MDY", "EPOCH")
EARLIEST = "1900-01-01"
ORDERS = {"DMY": "DD/MM/YYYY", "MDY": "MM/DD/YYYY"}

_DAY_FIRST_OR_MONTH_FIRST = r"^(\d{1,2})([-./])(\d{1,2})[-./](\d{4}|\d{2})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? ?([AaPp])?\.?[Mm]?\.?)?$"
_YEAR_FIRST = r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
_PLAIN_ISO = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?$"
_ZONE = r"\d[ ]?([zZ]|[-+]\d\d:?\d\d|[-+]\d\d|[A-Z]{2,4})$"
_COMPACT = r"^(19|20)\d{6}(T?\d{4}(\d{2})?)?$"
_EPOCH = r"^\d{9,16}(\.\d+)?$"
_WORDED = (
    "%d-%b-%y", "%d %b %y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y",
    "%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y",
)  # fmt: skip
_WORDED_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


@dataclass(frozen=True)
class DateReading:
    """`expression` reads a cell as TIMESTAMP (NULL where it cannot); `label` says how, `warning` what was guessed.

    `order` is DMY or MDY where days and months come as numbers beside each other. `question` is set where nothing
    in the column hints at one of them: "01/10/2026: 1 October or 10 January?".
    """

    expression: str
    label: str
    warning: str | None = None
    order: str | None = None
    question: str | None = None


def choose_date_reading(
    connection: duckdb.DuckDBPyConnection, rows: str, cell: str, latest: str, date_format: str | None = None
) -> DateReading:
    """Decide how the column `cell` of the relation `rows` writes its dates.

    `latest` is the last believable moment (an SQL timestamp); it helps to tell 03/04 from 04/03. `date_format`
    overrides: ISO, EPOCH or a strptime pattern such as "%d/%m/%Y %H:%M" for every date; DMY or MDY for those that
    can be read either way (2026-10-01 stays what it is).
    """
    told = (date_format or "").upper()
    if date_format and told not in ORDERS:
        return _read_as_told(date_format, cell)
    plain = connection.execute(
        f"SELECT count({cell}), count(TRY_CAST({cell} AS TIMESTAMP)), "
        f"count(*) FILTER (NOT regexp_matches({cell}, '{_PLAIN_ISO}')) FROM {rows}"
    ).fetchone()
    assert plain is not None
    if plain[0] and plain[0] == plain[1] and not plain[2]:
        return DateReading(f"TRY_CAST({cell} AS TIMESTAMP)", "ISO")
    counts = connection.execute(
        f"""
        SELECT count(*) FILTER (is_iso), count(*) FILTER (is_iso AND regexp_matches(cell, '{_ZONE}')),
            count(*) FILTER (regexp_matches(cell, '{_COMPACT}')), count(*) FILTER (regexp_matches(cell, '{_EPOCH}')),
            count(*) FILTER (regexp_matches(cell, '{_DAY_FIRST_OR_MONTH_FIRST}')),
            count(*) FILTER (regexp_matches(cell, '[0-9].*[A-Za-z]{{3}}|[A-Za-z]{{3}}.*[0-9]') AND NOT is_iso)
        FROM (SELECT cell, regexp_matches(cell, '{_YEAR_FIRST}') AS is_iso FROM (SELECT {cell} AS cell FROM {rows}))
        """
    ).fetchone()
    assert counts is not None
    iso, zoned, compact, epoch, turned, worded = counts
    parts: list[str] = []
    labels: list[str] = []
    found = _Order(told or None)
    if iso:
        parts.append(_read_iso(cell, bool(zoned)))
        labels.append("ISO")
    if compact:
        parts.append(_read_compact(cell))
        labels.append("YYYYMMDD")
    if epoch > 0:
        parts.append(_read_epoch(cell))
        labels.append("epoch")
    if turned:
        found = found if told else _choose_order(connection, rows, cell, latest)
        parts.append(_read_turned(cell, found.order or "MDY"))
        labels.append(ORDERS[found.order or "MDY"])
    if worded:
        parts.append(_read_worded(cell))
        labels.append("day and month name")
    if not parts:
        return DateReading("NULL::TIMESTAMP", "none")
    order = found.order if turned else None
    return DateReading(
        f"coalesce({', '.join(parts)})", ", ".join(labels), found.warning, order, found.question
    )


@dataclass(frozen=True)
class _Order:
    order: str | None
    warning: str | None = None
    question: str | None = None


def _read_as_told(date_format: str, cell: str) -> DateReading:
    name = date_format.upper()
    if "%" in date_format:
        try:
            duckdb.execute("SELECT try_strptime('1', ?)", [date_format])
        except duckdb.Error as error:
            raise TenureError(
                "bad_date_format", f"{date_format!r} is no date pattern: {error}", "date_format"
            ) from error
        pattern = date_format.replace("'", "''")
        return DateReading(f"try_strptime({cell}, '{pattern}')::TIMESTAMP", date_format)
    if name in ("ISO", "YMD"):
        return DateReading(f"coalesce({_read_iso(cell, True)}, {_read_compact(cell)})", "ISO")
    if name == "EPOCH":
        return DateReading(_read_epoch(cell), "epoch")
    raise TenureError(
        "bad_date_format",
        f"{date_format!r} is no date format. Give one of {', '.join(NAMED_FORMATS)} or a pattern such as %d/%m/%Y.",
        "date_format",
    )


def _choose_order(connection: duckdb.DuckDBPyConnection, rows: str, cell: str, latest: str) -> _Order:
    """DMY or MDY for the whole column, with a warning where the column does not say."""
    found = connection.execute(_order_query(rows, cell, latest)).fetchone()
    assert found is not None
    day_first, month_first, dotted, total, example, late_dmy, late_mdy = found
    if day_first != month_first:
        return _Order("DMY" if day_first > month_first else "MDY")
    if example is None:
        return _Order("MDY")
    is_open = False
    if late_dmy != late_mdy:
        order = "DMY" if late_dmy < late_mdy else "MDY"
    else:
        order = "DMY" if dotted * 2 > total else "MDY"
        is_open = order == "MDY"
    word = "day first" if order == "DMY" else "month first"
    other = "MDY" if order == "DMY" else "DMY"
    question = describe_question(example)
    warning = (
        f"Dates such as {example} can be read day first or month first, and no date in the column settles it "
        f"({question}). They were read {word}. If that is wrong, give the date format {other}."
    )
    return _Order(order, warning, question if is_open else None)


def describe_question(example: str) -> str:
    """Both readings of an example: `01/10/2026: 1 October or 10 January?`."""
    first, second = (int(number) for number in re.findall(r"\d+", example)[:2])
    return f"{example}: {first} {calendar.month_name[second]} or {second} {calendar.month_name[first]}?"


def _order_query(rows: str, cell: str, latest: str) -> str:
    group = "regexp_extract(cell, '{pattern}', {number})".replace("{pattern}", _DAY_FIRST_OR_MONTH_FIRST)
    first, separator, second = (group.replace("{number}", str(number)) for number in (1, 2, 3))
    return f"""
        SELECT count(*) FILTER (first > 12 AND second <= 12), count(*) FILTER (second > 12 AND first <= 12),
            count(*) FILTER (separator = '.'), count(*),
            min(cell) FILTER (first <> second AND first BETWEEN 1 AND 12 AND second BETWEEN 1 AND 12),
            count(*) FILTER ({_read_turned("cell", "DMY")} > {latest}),
            count(*) FILTER ({_read_turned("cell", "MDY")} > {latest})
        FROM (
            SELECT cell, TRY_CAST({first} AS INTEGER) AS first, {separator} AS separator,
                TRY_CAST({second} AS INTEGER) AS second
            FROM (SELECT {cell} AS cell FROM {rows}) WHERE regexp_matches(cell, '{_DAY_FIRST_OR_MONTH_FIRST}')
        )
    """


def _read_iso(cell: str, is_zoned: bool) -> str:
    dashed = rf"regexp_replace({cell}, '^(\d{{4}})[/.](\d{{1,2}})[/.](\d{{1,2}})', '\1-\2-\3')"
    guard = f"CASE WHEN regexp_matches({cell}, '{_YEAR_FIRST}') THEN "
    if not is_zoned:
        return (
            f"coalesce(TRY_CAST({guard}{cell} END AS TIMESTAMP), TRY_CAST({guard}{dashed} END AS TIMESTAMP))"
        )
    joined = rf"regexp_replace({dashed}, ' ([-+]\d\d:?(\d\d)?)$', '\1')"
    seconds = rf"regexp_replace({joined}, '^([^T ]+)[T ](\d{{1,2}}:\d\d) ?([zZ]|[-+][\d:]+)?$', '\1 \2:00\3')"
    return f"coalesce(TRY_CAST({guard}{cell} END AS TIMESTAMPTZ), TRY_CAST({guard}{seconds} END AS TIMESTAMPTZ))::TIMESTAMP"


def _read_compact(cell: str) -> str:
    digits = f"replace({cell}, 'T', '')"
    return (
        f"CASE WHEN regexp_matches({cell}, '{_COMPACT}') THEN CASE length({digits}) "
        f"WHEN 8 THEN try_strptime({digits}, '%Y%m%d') WHEN 12 THEN try_strptime({digits}, '%Y%m%d%H%M') "
        f"WHEN 14 THEN try_strptime({digits}, '%Y%m%d%H%M%S') END END"
    )


def _read_epoch(cell: str) -> str:
    """Seconds (9 or 10 digits), milliseconds (12 or 13) or microseconds (15 or 16) since 1970."""
    whole = f"split_part({cell}, '.', 1)"
    return (
        f"CASE WHEN regexp_matches({cell}, '{_EPOCH}') AND NOT regexp_matches({cell}, '{_COMPACT}') "
        f"THEN CASE WHEN length({whole}) <= 10 "
        f"THEN make_timestamp(TRY_CAST(TRY_CAST({cell} AS DECIMAL(28, 6)) * 1000000 AS BIGINT)) "
        f"WHEN length({whole}) <= 13 THEN make_timestamp(TRY_CAST({whole} AS BIGINT) * 1000) "
        f"ELSE make_timestamp(TRY_CAST({whole} AS BIGINT)) END END"
    )


def _read_turned(cell: str, order: str) -> str:
    """Day, month and year (two digits: 1970 to 2069) with `-`, `.` or `/`, and a time if there is one."""
    day, month = (r"\1", r"\3") if order == "DMY" else (r"\3", r"\1")
    pattern = _DAY_FIRST_OR_MONTH_FIRST
    date = f"regexp_replace({cell}, '{pattern}', '{day}-{month}-\\4')"
    time = f"regexp_replace({cell}, '{pattern}', '\\5:\\6:0\\7')"
    half = f"lower(regexp_extract({cell}, '{pattern}', 8))"
    full_year = f"try_strptime({date}, '%d-%m-%Y')"
    short_year = f"try_strptime({date}, '%d-%m-%y')"
    day_part = f"CASE WHEN length(split_part({date}, '-', 3)) = 4 THEN {full_year} ELSE {short_year} END"
    hour = f"TRY_CAST(split_part({time}, ':', 1) AS INTEGER)"
    shown_hour = f"CASE {half} WHEN 'p' THEN {hour} % 12 + 12 WHEN 'a' THEN {hour} % 12 ELSE {hour} END"
    minute = f"TRY_CAST(split_part({time}, ':', 2) AS INTEGER)"
    second = f"coalesce(TRY_CAST(split_part({time}, ':', 3) AS INTEGER), 0)"
    valid = f"({hour} IS NULL OR ({shown_hour} < 24 AND {minute} < 60 AND {second} < 60))"
    offset = f"coalesce(to_seconds({shown_hour} * 3600 + {minute} * 60 + {second}), INTERVAL 0 SECOND)"
    return (
        f"CASE WHEN regexp_matches({cell}, '{pattern}') THEN "
        f"CASE WHEN {valid} THEN ({day_part}) + {offset} END END"
    )


def _read_worded(cell: str) -> str:
    patterns = [f"'{day}{time}'" for day in _WORDED[:-2] for time in _WORDED_TIMES]
    patterns += [f"'{day}'" for day in _WORDED[-2:]]
    clean = f"regexp_replace({cell}, '([0-9]),? +at +', '\\1 ')"
    return f"CASE WHEN regexp_matches({cell}, '[0-9].*[A-Za-z]{{3}}|[A-Za-z]{{3}}.*[0-9]') THEN try_strptime({clean}, [{', '.join(patterns)}]) END"
