"""A file's rows as text in the staging engine, each with its line in the file."""

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import duckdb
import pyarrow as pa

from tenure.events.imports.bytestream import TextFile
from tenure.events.imports.results import FileShape

STAGING_MEMORY = "900MB"
_BATCH_ROWS = 20_000
_LONGEST_CELL = 4 << 20
_LONGEST_RECORD_LINES = 500
BLANKS = " \t\r\n\u00a0\u202f\ufeff"
_NOT_IN_FILES = "\x1f"

TOO_FEW = "too_few_columns"
TOO_MANY = "too_many_columns"
UNCLOSED = "unclosed_quote"
CUT_OFF = "cut_off"


@dataclass(frozen=True)
class RawRows:
    """The table or view `name`: `line` BIGINT (of the file, the first is 1), `problem` VARCHAR (NULL: none), and
    the columns c1, c2, ... as VARCHAR, empty cells NULL. `trimmed` is the same with no blanks around cells."""

    name: str
    trimmed: str
    columns: tuple[str, ...]
    row_count: int

    def position(self, column: str) -> str:
        """The engine's name for a column of the file."""
        return f"c{self.columns.index(column) + 1}"


@contextmanager
def staging(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """An engine of its own with bounded memory that spills into a folder that goes away with it."""
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(mkdtemp(prefix="staging-", dir=folder))
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"SET memory_limit = '{STAGING_MEMORY}'")
        connection.execute("SET temp_directory = ?", [str(work / "spill")])
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        yield connection, work
    finally:
        connection.close()
        rmtree(work, ignore_errors=True)


def load_rows(
    connection: duckdb.DuckDBPyConnection,
    text: TextFile,
    shape: FileShape,
    needed: int,
    prefix: str = "import",
) -> RawRows:
    """Read every row of `text` as text. Rows with fewer than `needed` columns carry a problem.

    The engine's own reader does it where each line is one sound row; a file with line breaks inside quotes,
    ragged rows, stray quotes or a cut-off end is read line by line, so that every line number is right.
    """
    width = len(shape.columns)
    name = f"{prefix}_rows"
    drop_relation(connection, name)
    drop_relation(connection, f"{prefix}_text")
    rows = text.line_count - shape.has_header
    if not text.ended_early and _read_fast(connection, text, shape, prefix, rows):
        columns = ", ".join(f"c{number}" for number in range(1, width + 1))
        offset = 1 + shape.has_header
        connection.execute(
            f"CREATE VIEW {name} AS SELECT rowid + {offset} AS line, NULL::VARCHAR AS problem, {columns} FROM {prefix}_text"
        )
        return RawRows(name, _trim(connection, name, width), shape.columns, rows)
    reader = pa.RecordBatchReader.from_batches(_row_schema(width), _read_batches(text, shape, needed))
    connection.register(f"{prefix}_reader", reader)
    try:
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {prefix}_reader")
    finally:
        connection.unregister(f"{prefix}_reader")
    count = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    return RawRows(name, _trim(connection, name, width), shape.columns, count[0] if count else 0)


def drop_rows(connection: duckdb.DuckDBPyConnection, rows: RawRows) -> None:
    """Forget the raw rows and give their memory back."""
    for name in (rows.trimmed, rows.name, f"{rows.name.removesuffix('_rows')}_text"):
        drop_relation(connection, name)


def drop_relation(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Drop a table or view of that name, if there is one."""
    found = connection.execute(
        "SELECT table_type FROM information_schema.tables WHERE table_name = ? AND table_schema = 'main'",
        [name],
    ).fetchone()
    if found:
        connection.execute(f"DROP {'VIEW' if found[0] == 'VIEW' else 'TABLE'} {name}")


def _trim(connection: duckdb.DuckDBPyConnection, name: str, width: int) -> str:
    """The relation with trimmed cells: `name` itself where no cell has blanks around it (trimming is slow)."""
    columns = [f"c{number}" for number in range(1, width + 1)]
    tests = ", ".join(
        f"bool_or({column} < '!' OR suffix({column}, chr(9)) OR "
        + " OR ".join(
            f"{side}({column}, chr({ord(blank)}))"
            for blank in BLANKS
            if blank >= " "
            for side in ("prefix", "suffix")
        )
        + ")"
        for column in columns
    )
    found = connection.execute(f"SELECT {tests} FROM {name}").fetchone() or ()
    padded = [column for column, is_padded in zip(columns, found, strict=True) if is_padded]
    if not padded:
        return name
    target = f"{name}_trimmed"
    drop_relation(connection, target)
    cells = ", ".join(f"nullif(trim({column}, {_literal(BLANKS)}), '') AS {column}" for column in padded)
    connection.execute(f"CREATE TABLE {target} AS SELECT * REPLACE ({cells}) FROM {name}")
    return target


def _read_fast(
    connection: duckdb.DuckDBPyConnection, text: TextFile, shape: FileShape, prefix: str, rows: int
) -> bool:
    """Read by the engine into `<prefix>_text`; whether that gave exactly one row for each line."""
    with text.path.open(encoding="utf-8", newline="\n") as file:
        first = file.readline()
    if not first.strip() or (first.count('"') % 2 and shape.delimiter is not None):
        return False
    width = len(shape.columns)
    names = [f"c{number}" for number in range(1, width + 1)] if shape.delimiter is not None else ["whole"]
    options = {
        "header": "false",
        "skip": str(int(shape.has_header)),
        "auto_detect": "false",
        "all_varchar": "true",
        "delim": _literal(shape.delimiter or _NOT_IN_FILES),
        "quote": _literal('"' if shape.delimiter is not None else ""),
        "escape": _literal('"' if shape.delimiter is not None else ""),
        "compression": "'none'",
        "columns": "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}",
    }
    listed = ", ".join(f"{key} = {value}" for key, value in options.items())
    source = f"read_csv({_literal(str(text.path))}, {listed})"
    cells = ", ".join(f"cells[{number}] AS c{number}" for number in range(1, width + 1))
    table = f"{prefix}_text"
    try:
        if shape.delimiter is not None:
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM {source}")
            sound = True
        else:
            connection.execute(
                f"CREATE TABLE {table} AS SELECT {cells}, len(cells) = {width} AS is_sound "
                f"FROM (SELECT string_split_regex(trim(whole), '\\s+') AS cells FROM {source})"
            )
            odd = connection.execute(f"SELECT 1 FROM {table} WHERE is_sound IS NOT TRUE LIMIT 1").fetchone()
            sound = odd is None
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return False
    if sound and count is not None and count[0] == rows:
        return True
    connection.execute(f"DROP TABLE {table}")
    return False


def _read_batches(text: TextFile, shape: FileShape, needed: int) -> Iterator[pa.RecordBatch]:
    width = len(shape.columns)
    rows: list[list[str | None]] = []
    lines: list[int] = []
    problems: list[str | None] = []
    records = _read_records(text, shape)
    if shape.has_header:
        next(records, None)
    for line, problem, cells in records:
        if problem is None and len(cells) < needed:
            problem = TOO_FEW
        elif problem is None and len(cells) > width and any(cell.strip() for cell in cells[width:]):
            problem = TOO_MANY
        lines.append(line)
        problems.append(problem)
        rows.append([cell or None for cell in cells[:width]] + [None] * (width - len(cells)))
        if len(rows) == _BATCH_ROWS:
            yield _build_batch(lines, problems, rows, width)
            rows, lines, problems = [], [], []
    if rows:
        yield _build_batch(lines, problems, rows, width)


def _read_records(text: TextFile, shape: FileShape) -> Iterator[tuple[int, str | None, list[str]]]:
    """(line, problem, cells) of every record; blank lines are none."""
    csv.field_size_limit(_LONGEST_CELL)
    delimiter = shape.delimiter
    for line, record, is_closed in _group_lines(text.path, delimiter):
        if not record.strip():
            continue
        problem = None if is_closed else UNCLOSED
        is_last = line == text.line_count and not text.ends_with_newline
        cells = _split_record(record, delimiter)
        if cells is None:
            problem, cells = UNCLOSED, record.split(delimiter)
        if is_last and (text.ended_early or (len(cells) < len(shape.columns) and problem is None)):
            problem = CUT_OFF
        yield line, problem, cells


def _split_record(record: str, delimiter: str | None) -> list[str] | None:
    if delimiter is None:
        return record.split()
    try:
        return next(csv.reader([record], delimiter=delimiter))
    except (csv.Error, StopIteration):
        return None


def _group_lines(path: Path, delimiter: str | None) -> Iterator[tuple[int, str, bool]]:
    """(first line, text, whether its quotes close) of each record.

    A quote that is never closed costs its own line only: the lines after it are read again by themselves.
    """
    is_closed = _closed_pattern(delimiter)
    waiting: list[str] = []
    number = 0
    with path.open(encoding="utf-8", newline="\n") as file:
        while waiting or (line := file.readline()):
            if waiting:
                line = waiting.pop(0)
            number += 1
            if delimiter is None or line.count('"') % 2 == 0 or is_closed(line.rstrip("\r\n")):
                yield number, line.rstrip("\r\n"), True
                continue
            held = [line]
            while len(held) < _LONGEST_RECORD_LINES and (
                more := waiting.pop(0) if waiting else file.readline()
            ):
                held.append(more)
                if more.count('"') % 2 and is_closed("".join(held).rstrip("\r\n")):
                    break
            whole = "".join(held).rstrip("\r\n")
            if is_closed(whole):
                yield number, whole, True
                number += len(held) - 1
            else:
                yield number, line.rstrip("\r\n"), False
                waiting = held[1:] + waiting


def _closed_pattern(delimiter: str | None) -> Callable[[str], object]:
    mark = re.escape(delimiter or ",")
    cell = rf'(?:"(?:[^"]|"")*"[^{mark}"]*|(?!")[^{mark}\n]*)'
    return re.compile(rf"{cell}(?:{mark}{cell})*").fullmatch


def _row_schema(width: int) -> pa.Schema:
    cells = [pa.field(f"c{number}", pa.string()) for number in range(1, width + 1)]
    return pa.schema([pa.field("line", pa.int64()), pa.field("problem", pa.string()), *cells])


def _build_batch(
    lines: list[int], problems: list[str | None], rows: list[list[str | None]], width: int
) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(lines, pa.int64()), pa.array(problems, pa.string())]
    arrays += [pa.array(values, pa.string()) for values in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=_row_schema(width))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
