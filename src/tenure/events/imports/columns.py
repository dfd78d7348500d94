"""One column of a file, row by row: for files that name customers rather than tell something of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from tenure.base.errors import UnavailableError
from tenure.config.environment import read_environment
from tenure.events.imports.bytestream import BROKEN, prepare_text, read_head
from tenure.events.imports.reading import load_rows, staging
from tenure.events.imports.results import FileShape
from tenure.events.imports.sniffing import name_columns

_BATCH_ROWS = 50_000


def stream_column(path: Path, shape: FileShape, column: str) -> Iterator[pa.RecordBatch]:
    """(line, value) of every row, `value` NULL where the cell is empty. `line` is that of the file, from 1."""
    folder = read_environment().import_folder
    try:
        with staging(folder) as (connection, work):
            text = prepare_text(path, read_head(path)[0], work)
            rows = load_rows(connection, text, shape, shape.columns.index(column) + 1)
            cell = f"replace({rows.position(column)}, '{BROKEN}', '\ufffd')"
            answer = connection.execute(f"SELECT line, {cell} AS value FROM {rows.trimmed} ORDER BY line")
            yield from answer.to_arrow_reader(_BATCH_ROWS)
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError, MemoryError) as error:
        raise UnavailableError(
            "not_read",
            f"The file could not be read to its end: {error}. Make room on the disk and try again.",
            "file",
        ) from error


def without_header(shape: FileShape) -> FileShape:
    """The shape of a file whose first row, taken for headings, is a row like the others."""
    if not shape.has_header:
        return shape
    samples = (shape.columns, *shape.samples)
    return replace(shape, has_header=False, columns=name_columns([], len(shape.columns)), samples=samples)
