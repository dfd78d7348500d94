"""Event files: one track event a row, every other column a property."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import duckdb
import pyarrow as pa

from tenure.base.errors import TenureError
from tenure.base.words import count_of
from tenure.events.imports.cells import Cells, json_object, message_id, quote
from tenure.events.imports.dates import EARLIEST, DateReading, choose_date_reading
from tenure.events.imports.extras import describe_extras
from tenure.events.imports.reading import RawRows, drop_relation
from tenure.events.imports.staged import Figures, StagedImport, iterate_chunks, to_aware

CHUNK_ROWS = 100_000
_KEY_FIELDS = ("customer_id", "anonymous_id", "event", "timestamp", "message_id", "properties")


def stage_events(
    connection: duckdb.DuckDBPyConnection,
    rows: RawRows,
    mapping: Mapping[str, str],
    *,
    source: str,
    latest: str,
    date_format: str | None,
    has_broken_text: bool,
) -> StagedImport:
    """Type and check the raw rows. Rows that say exactly the same are events of their own, told apart by their count."""
    _check_mapping(mapping)
    cells = Cells(rows, mapping, has_broken_text)
    dates = _type_rows(connection, cells, latest, date_format)
    _number_events(connection, source)
    figures, warnings, row_count = _read_figures(connection)
    warnings = [dates.warning, *warnings] if dates.warning else warnings
    chunks = tuple(_build_chunk(connection, *bounds) for bounds in iterate_chunks(row_count, CHUNK_ROWS))
    questions = (dates.question,) if dates.question else ()
    figures = replace(figures, date_format=dates.label)
    return StagedImport("import_rejects", figures, chunks, tuple(warnings), questions)


def _type_rows(
    connection: duckdb.DuckDBPyConnection, cells: Cells, latest: str, date_format: str | None
) -> DateReading:
    """Make import_tracked, a row per line with its properties, and import_rejects; how the times were read."""
    dates = choose_date_reading(connection, cells.relation, cells.raw("timestamp"), latest, date_format)
    properties = json_object(describe_extras(connection, cells))
    if "properties" in cells:
        given = cells.text("properties")
        properties = (
            f"CASE WHEN {given} IS NULL THEN {properties} WHEN {properties} = '{{}}' THEN {given} "
            f"WHEN is_object THEN json_merge_patch({properties}, {given})::VARCHAR END"
        )
    is_object = "true"
    if "properties" in cells:
        given = cells.text("properties")
        is_object = f"({given} IS NULL OR (json_valid({given}) AND json_type(CASE WHEN json_valid({given}) THEN {given} END) = 'OBJECT'))"
    drop_relation(connection, "import_tracked")
    connection.execute(
        f"""
        CREATE TABLE import_tracked AS
        SELECT row_number() OVER (ORDER BY line) - 1 AS row_no, line, user_id, anonymous_id, event, happened_at, given_id, properties,
            CASE WHEN problem IS NOT NULL THEN problem WHEN is_broken THEN 'broken_encoding'
                WHEN user_id IS NULL AND anonymous_id IS NULL THEN 'missing_id' WHEN event IS NULL THEN 'missing_event'
                WHEN time_cell IS NULL THEN 'missing_date' WHEN happened_at IS NULL THEN 'unreadable_date'
                WHEN happened_at < TIMESTAMP '{EARLIEST}' THEN 'impossible_date' WHEN happened_at > {latest} THEN 'future_date'
                WHEN NOT is_object THEN 'bad_properties' END AS reason
        FROM (
            SELECT *, {properties} AS properties
            FROM (
                SELECT *, {cells.identifier("customer_id")} AS user_id, {cells.identifier("anonymous_id")} AS anonymous_id,
                    {cells.text("event")} AS event, {dates.expression} AS happened_at, {cells.raw("timestamp")} AS time_cell,
                    {cells.identifier("message_id")} AS given_id, {is_object} AS is_object, {cells.is_broken(_KEY_FIELDS)} AS is_broken
                FROM {cells.relation}
            )
        )
        """
    )
    drop_relation(connection, "import_rejects")
    connection.execute(
        "CREATE VIEW import_rejects AS SELECT line, reason FROM import_tracked WHERE reason IS NOT NULL"
    )
    return dates


def _read_figures(connection: duckdb.DuckDBPyConnection) -> tuple[Figures, list[str], int]:
    counts = connection.execute(
        """
        SELECT count(DISTINCT coalesce(user_id, anonymous_id)), min(happened_at), max(happened_at),
            count(*) FILTER (repeat > 1)
        FROM import_tracked JOIN import_numbered USING (row_no)
        """
    ).fetchone()
    total = connection.execute("SELECT count(*) FROM import_tracked").fetchone()
    assert counts is not None
    assert total is not None
    customers, first, last, repeated = counts
    warnings = []
    if repeated:
        repeat = count_of(repeated, "row repeats", "rows repeat")
        warnings.append(f"{repeat} another row exactly; each was kept as an event of its own.")
    return Figures(customers=customers, first_at=to_aware(first), last_at=to_aware(last)), warnings, total[0]


def _check_mapping(mapping: Mapping[str, str]) -> None:
    needed = {"event": "the event's name", "timestamp": "the time"}
    for field, what in needed.items():
        if field not in mapping:
            raise TenureError(
                "mapping_incomplete",
                f"No column for {what} was found. Say which it is: --map {field}=COLUMN.",
                field,
            )
    if "customer_id" not in mapping and "anonymous_id" not in mapping:
        raise TenureError(
            "mapping_incomplete",
            "No column for the customer was found. Say which it is: --map customer_id=COLUMN or --map anonymous_id=COLUMN.",
            "customer_id",
        )


def _number_events(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """The message id of each accepted row: the given one, else made from what the row says and its count."""
    made = message_id(
        quote(source), "'events'", "event", "user_id", "anonymous_id", "happened_at::VARCHAR", "properties"
    )
    drop_relation(connection, "import_numbered")
    connection.execute(
        f"""
        CREATE TABLE import_numbered AS
        SELECT row_no, CASE WHEN given_id IS NULL THEN row_number() OVER (PARTITION BY made, given_id ORDER BY row_no) ELSE 1 END AS repeat,
            coalesce(given_id, CASE WHEN repeat = 1 THEN made ELSE made || '-' || repeat END) AS message_id
        FROM (SELECT row_no, given_id, {made} AS made FROM import_tracked WHERE reason IS NULL)
        """
    )


def _build_chunk(connection: duckdb.DuckDBPyConnection, first: int, last: int) -> Callable[[], pa.Table]:
    def build() -> pa.Table:
        return connection.execute(
            f"""
            SELECT message_id, 'track' AS type, event, user_id, anonymous_id, happened_at AS occurred_at, properties
            FROM import_tracked JOIN import_numbered USING (row_no)
            WHERE row_no >= {first} AND row_no < {last} ORDER BY row_no
            """
        ).to_arrow_table()

    return build
