"""Customer files: one identify event a row, every other column a trait."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import duckdb
import pyarrow as pa

from tenure.base.errors import TenureError
from tenure.base.words import count_of
from tenure.events.imports.cells import Cells, json_object, json_text, message_id, quote
from tenure.events.imports.dates import EARLIEST, DateReading, choose_date_reading
from tenure.events.imports.extras import describe_extras
from tenure.events.imports.reading import RawRows, drop_relation
from tenure.events.imports.staged import Figures, StagedImport, iterate_chunks, to_aware

CHUNK_ROWS = 50_000
_KEY_FIELDS = ("customer_id", "email", "created_at")
_TRAITS = {
    "phone": "phone",
    "first_name": "firstName",
    "last_name": "lastName",
    "name": "name",
    "gender": "gender",
    "timezone": "timezone",
    "locale": "locale",
    "consent_source": "consentSource",
}
_NO = "'no', 'n', 'false', 'f', '0', 'off', 'nein', 'non', 'unsubscribed', 'opted out', 'not subscribed'"


def stage_customers(
    connection: duckdb.DuckDBPyConnection,
    rows: RawRows,
    mapping: Mapping[str, str],
    *,
    source: str,
    latest: str,
    now: str,
    date_format: str | None,
    has_broken_text: bool,
) -> StagedImport:
    """Type and check the raw rows. An identify event stands at `created_at`, else at `now` (SQL timestamps)."""
    if "customer_id" not in mapping and "email" not in mapping:
        raise TenureError(
            "mapping_incomplete",
            "No column for the customer was found. Say which it is: --map customer_id=COLUMN or --map email=COLUMN.",
            "customer_id",
        )
    cells = Cells(rows, mapping, has_broken_text)
    dates = _type_rows(connection, cells, latest, date_format)
    figures, warnings, row_count = _read_figures(connection, latest)
    warnings = [reading.warning for reading in dates.values() if reading.warning] + warnings
    if "created_at" in cells:
        figures = replace(figures, date_format=dates["created_at"].label)
    chunks = tuple(
        _build_chunk(connection, source, now, *bounds) for bounds in iterate_chunks(row_count, CHUNK_ROWS)
    )
    questions = tuple(reading.question for reading in dates.values() if reading.question)
    return StagedImport("import_rejects", figures, chunks, tuple(warnings), questions)


def _type_rows(
    connection: duckdb.DuckDBPyConnection, cells: Cells, latest: str, date_format: str | None
) -> dict[str, DateReading]:
    """Make import_people, a row per line with its traits, and import_rejects; how the dates were read."""
    created = _read_date(connection, cells, "created_at", latest, date_format)
    birthday = _read_date(connection, cells, "birthday", latest, date_format)
    traits = _describe_traits(connection, cells, latest)
    drop_relation(connection, "import_people")
    connection.execute(
        f"""
        CREATE TABLE import_people AS
        SELECT row_number() OVER (ORDER BY line) - 1 AS row_no, *, {json_object(traits)} AS traits
        FROM (
            SELECT *, CASE WHEN problem IS NOT NULL THEN problem WHEN is_broken THEN 'broken_encoding'
                WHEN user_id IS NULL THEN 'missing_id'
                WHEN created_cell IS NOT NULL AND created_at IS NULL THEN 'unreadable_date'
                WHEN created_at < TIMESTAMP '{EARLIEST}' THEN 'impossible_date'
                WHEN created_at > {latest} THEN 'future_date' END AS reason
            FROM (
                SELECT *, coalesce({cells.identifier("customer_id")}, {cells.email()}) AS user_id,
                    {cells.email()} AS email_address, {cells.raw("email")} IS NOT NULL AND {cells.email()} IS NULL AS is_bad_email,
                    {created.expression} AS created_at, {cells.raw("created_at")} AS created_cell,
                    {birthday.expression} AS born_at, {cells.raw("birthday")} AS birthday_cell,
                    lower({cells.raw("accepts_email")}) IN ({_NO}) AS is_opted_out, {cells.is_broken(_KEY_FIELDS)} AS is_broken
                FROM {cells.relation}
            )
        )
        """
    )
    drop_relation(connection, "import_rejects")
    connection.execute(
        "CREATE VIEW import_rejects AS SELECT line, reason FROM import_people WHERE reason IS NOT NULL"
    )
    return {"created_at": created, "birthday": birthday}


def _read_figures(connection: duckdb.DuckDBPyConnection, latest: str) -> tuple[Figures, list[str], int]:
    counts = connection.execute(
        f"""
        SELECT count(DISTINCT user_id), min(created_at), max(created_at), count(*) FILTER (is_bad_email),
            count(*) FILTER (birthday_cell IS NOT NULL AND NOT {_is_birthday(latest)}), count(*) FILTER (is_opted_out)
        FROM import_people WHERE reason IS NULL
        """
    ).fetchone()
    total = connection.execute("SELECT count(*) FROM import_people").fetchone()
    assert counts is not None
    assert total is not None
    customers, first, last, bad_emails, bad_birthdays, opted_out = counts
    warnings = []
    if bad_emails:
        hold = count_of(bad_emails, "row holds", "rows hold")
        warnings.append(f"{hold} an e-mail address that is none and went in without it.")
    if bad_birthdays:
        hold = count_of(bad_birthdays, "row holds", "rows hold")
        warnings.append(f"{hold} a date of birth that cannot be read and went in without it.")
    if opted_out:
        accept = count_of(opted_out, "person does", "people do")
        were = "was" if opted_out == 1 else "were"
        warnings.append(f"{accept} not accept e-mail and {were} recorded as unsubscribed.")
    return Figures(customers=customers, first_at=to_aware(first), last_at=to_aware(last)), warnings, total[0]


def _read_date(
    connection: duckdb.DuckDBPyConnection, cells: Cells, field: str, latest: str, date_format: str | None
) -> DateReading:
    if field not in cells:
        return DateReading("NULL::TIMESTAMP", "none")
    return choose_date_reading(connection, cells.relation, cells.raw(field), latest, date_format)


def _is_birthday(latest: str) -> str:
    return f"coalesce(born_at BETWEEN TIMESTAMP '{EARLIEST}' AND {latest}, false)"


def _describe_traits(connection: duckdb.DuckDBPyConnection, cells: Cells, latest: str) -> dict[str, str]:
    traits = {"email": json_text("email_address")}
    traits |= {trait: json_text(cells.text(field)) for field, trait in _TRAITS.items() if field in cells}
    if "birthday" in cells:
        traits["birthday"] = (
            f"CASE WHEN born_at BETWEEN TIMESTAMP '{EARLIEST}' AND {latest} "
            "THEN '\"' || strftime(born_at, '%Y-%m-%d') || '\"' END"
        )
    if "created_at" in cells:
        traits["createdAt"] = "'\"' || strftime(created_at, '%Y-%m-%dT%H:%M:%SZ') || '\"'"
    place = {name: json_text(cells.text(name)) for name in ("city", "country") if name in cells}
    if place:
        either = " OR ".join(f"{cells.raw(name)} IS NOT NULL" for name in place)
        traits["address"] = f"CASE WHEN {either} THEN {json_object(place)} END"
    taken = set(traits)
    return traits | {
        name: value for name, value in describe_extras(connection, cells).items() if name not in taken
    }


def _build_chunk(
    connection: duckdb.DuckDBPyConnection, source: str, now: str, first: int, last: int
) -> Callable[[], pa.Table]:
    name = quote(source)
    said = json_object({"channel": "'\"email\"'", "reason": "'\"import\"'"})

    def build() -> pa.Table:
        return connection.execute(
            f"""
            SELECT * EXCLUDE (row_no, step) FROM (
                SELECT row_no, 0 AS step, {message_id(name, "'identify'", "user_id", "traits")} AS message_id,
                    'identify' AS type, NULL::VARCHAR AS event, user_id, coalesce(created_at, {now}) AS occurred_at,
                    traits AS properties
                FROM import_people WHERE reason IS NULL AND row_no >= {first} AND row_no < {last}
                UNION ALL
                SELECT row_no, 1, {message_id(name, "'unsubscribed'", "user_id")}, 'track', 'Unsubscribed', user_id,
                    {now}, {said}
                FROM import_people WHERE reason IS NULL AND is_opted_out AND row_no >= {first} AND row_no < {last}
            ) ORDER BY row_no, step
            """
        ).to_arrow_table()

    return build
