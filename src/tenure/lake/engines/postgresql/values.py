"""Values between PostgreSQL and Arrow. Arrow tables go in as CSV, which both sides read and write in C."""

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from psycopg.types.string import TextLoader

_TYPES = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    25: pa.string(),
    700: pa.float32(),
    701: pa.float64(),
    1043: pa.string(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", "UTC"),
    114: pa.string(),
    3802: pa.string(),
    705: pa.string(),
    1009: pa.list_(pa.string()),
    1016: pa.list_(pa.int64()),
    1022: pa.list_(pa.float64()),
}
_NUMERIC = 1700
_WIDEST = pa.decimal128(38, 4)


def leave_json_as_text(connection: psycopg.Connection[Any]) -> None:
    """JSON is read as the text that it is."""
    for name in ("json", "jsonb"):
        connection.adapters.register_loader(name, TextLoader)


def name_type(kind: pa.DataType, collation: str) -> str:
    """The column type that holds an Arrow type."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return f"text COLLATE {collation}"
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_floating(kind):
        return "double precision"
    if pa.types.is_integer(kind):
        return "smallint" if kind.bit_width <= 8 else "bigint"
    raise TypeError(f"rows with a column of type {kind} cannot be handed to PostgreSQL")


def copy_rows(cursor: psycopg.Cursor[Any], table: str, rows: pa.Table) -> None:
    """Fill a table from an Arrow table with the same columns."""
    columns = ", ".join(f'"{name}"' for name in rows.column_names)
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)") as copy:
        if rows.num_rows:
            copy.write(_write_csv(rows))


def _write_csv(rows: pa.Table) -> memoryview:
    sink = io.BytesIO()
    arrays = [_as_signed(column) for column in rows.columns]
    options = pyarrow.csv.WriteOptions(include_header=False)
    pyarrow.csv.write_csv(pa.Table.from_arrays(arrays, names=rows.column_names), sink, options)
    return sink.getbuffer()


def _as_signed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """PostgreSQL has no unsigned numbers: the same 64 bits, read as signed. Text cannot hold NUL there."""
    if pa.types.is_uint64(column.type):
        return pa.chunked_array([chunk.view(pa.int64()) for chunk in column.chunks], pa.int64())
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    if pa.types.is_string(column.type) and pc.any(pc.match_substring(column, "\x00")).as_py():
        return pc.replace_substring(column, "\x00", "")
    return column


def build_table(
    rows: Sequence[Sequence[Any]], description: Sequence[psycopg.Column], schema: pa.Schema | None = None
) -> pa.Table:
    """Fetched rows as Arrow; with `schema` in its types, else in those that PostgreSQL names."""
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ([] for _ in description)
    names = [column.name for column in description] if schema is None else schema.names
    kinds = [find_type(column) for column in description] if schema is None else schema.types
    arrays = [_build_array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.Table.from_arrays(arrays, names=names)


def find_type(column: psycopg.Column) -> pa.DataType:
    if column.type_code != _NUMERIC:
        return _TYPES.get(column.type_code, pa.string())
    if column.precision is None:
        return _WIDEST
    return pa.decimal128(column.precision, column.scale or 0)


def _build_array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([_convert(value, kind) for value in values], kind)


def _convert(value: Any, kind: pa.DataType) -> Any:
    """Sums and averages come as decimals of any length, whatever was summed."""
    if value is None:
        return None
    if pa.types.is_integer(kind):
        return int(value)
    if pa.types.is_floating(kind):
        return float(value)
    if pa.types.is_decimal(kind):
        return Decimal(value).quantize(Decimal(1).scaleb(-kind.scale))
    if pa.types.is_string(kind):
        return str(value)
    if pa.types.is_list(kind):
        return [_convert(item, kind.value_type) for item in value]
    if pa.types.is_date(kind) and hasattr(value, "date"):
        return value.date()
    if pa.types.is_boolean(kind):
        return bool(value)
    return value
