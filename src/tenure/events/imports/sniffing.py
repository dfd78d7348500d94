"""How a file is written: encoding, delimiter, header, columns."""

import csv
import re
from collections import Counter
from pathlib import Path

from tenure.base.errors import TenureError
from tenure.events.imports.bytestream import BROKEN, HEAD_BYTES, guess_encoding, read_head
from tenure.events.imports.mapping import is_known_header
from tenure.events.imports.results import FileShape

DELIMITERS = ("\t", ";", "|", ",")
SAMPLE_ROWS = 20
_LINES_LOOKED_AT = 200
_CONSISTENT_SHARE = 0.9
_VALUE = re.compile(
    r"[-+(]?[\s$€£¥]*\d[\d.,\s']*[%)]?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T].*)?|[^@\s]+@[^@\s]+\.[^@\s]+|-?(nan|inf)|true|false",
    re.IGNORECASE,
)


def sniff(path: str | Path) -> FileShape:
    """How the file at `path` is written. Raises TenureError (empty_file, not_a_text_file) or NotFoundError."""
    path = Path(path)
    head, stream = read_head(path)
    encoding = guess_encoding(head)
    text = head.decode(encoding, "replace").replace("\ufffd", BROKEN).lstrip("\ufeff")
    lines = _whole_lines(text, is_everything=len(head) < HEAD_BYTES)
    delimiter = guess_delimiter(lines)
    rows = [row for row in split_rows(lines, delimiter) if any(cell.strip() for cell in row)]
    if not rows:
        raise TenureError("empty_file", f"{path.name} holds no rows. Export it again.", "file")
    width = (
        max(len(row) for row in rows[:1]) if len(rows) == 1 else Counter(map(len, rows)).most_common(1)[0][0]
    )
    has_header = guess_header(rows)
    width = max(width, len(rows[0])) if has_header else width
    columns = name_columns(rows[0] if has_header else [], width)
    samples = [
        (*row[:width], *[""] * (width - len(row))) for row in rows[has_header : SAMPLE_ROWS + has_header]
    ]
    per_line = len(head) / max(1, text.count("\n") or text.count("\r") or 1)
    estimate = len(rows) - has_header
    if len(head) >= HEAD_BYTES or len(lines) >= _LINES_LOOKED_AT:
        estimate = max(estimate, round(_measure_text(path, stream.compressed) / per_line) - has_header)
    return FileShape(
        encoding=encoding,
        delimiter=delimiter,
        has_header=has_header,
        columns=columns,
        samples=tuple(samples),
        compression="gzip" if stream.compressed else None,
        rows_estimate=estimate,
    )


def split_rows(lines: list[str], delimiter: str | None) -> list[list[str]]:
    """Rows of cells; `None` splits at runs of blanks."""
    if delimiter is None:
        return [line.split() for line in lines]
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return [line.split(delimiter) for line in lines]


def guess_delimiter(lines: list[str]) -> str | None:
    """The delimiter that cuts nearly every line into the same number of columns, at least two."""
    best: tuple[float, int] = (0.0, 0)
    found: str | None = None
    for delimiter in DELIMITERS:
        rows = [row for row in split_rows(lines, delimiter) if row]
        share, width = _consistency(rows)
        if width > 1 and share >= _CONSISTENT_SHARE and len(rows[0]) == width and share > best[0]:
            best, found = (share, width), delimiter
    if found:
        return found
    share, width = _consistency([line.split() for line in lines if line.strip()])
    if width > 1 and share >= _CONSISTENT_SHARE and not any("@" in line for line in lines[:1]):
        return None
    counts = [(lines[0].count(delimiter), delimiter) for delimiter in DELIMITERS] if lines else []
    count, likely = max(counts, key=lambda one: one[0], default=(0, ","))
    return likely if count else ","


def guess_header(rows: list[list[str]]) -> bool:
    """A header has no cell that is a number, a date or an address, and no name twice."""
    first = [cell.strip() for cell in rows[0]]
    if any(is_known_header(cell) for cell in first) and not any(
        _VALUE.fullmatch(cell) for cell in first if cell
    ):
        return True
    named = [cell for cell in first if cell]
    if not named or len(set(named)) < len(named):
        return False
    return not any(_VALUE.fullmatch(cell) for cell in named)


def name_columns(header: list[str], width: int) -> tuple[str, ...]:
    """One name per column, none empty, none twice."""
    names: list[str] = []
    for position in range(width):
        name = header[position].strip().replace(BROKEN, "\ufffd") if position < len(header) else ""
        name = name or f"column {position + 1}"
        repeats = 2
        unique = name
        while unique in names:
            unique = f"{name} ({repeats})"
            repeats += 1
        names.append(unique)
    return tuple(names)


def _measure_text(path: Path, is_compressed: bool) -> int:
    """Bytes of the text, about: a gzip file says it in its last four bytes (unless it is cut off)."""
    size = path.stat().st_size
    if not is_compressed:
        return size
    with path.open("rb") as file:
        file.seek(-4, 2)
        said = int.from_bytes(file.read(4), "little")
    return said if size < said < 100 * size else 4 * size


def _whole_lines(text: str, is_everything: bool) -> list[str]:
    """The first lines; quoted line breaks stay inside their line, a cut last line is left out."""
    physical = text.splitlines(keepends=True)
    if not is_everything and len(physical) > 1:
        physical.pop()
    lines: list[str] = []
    held = ""
    held_count = 0
    for line in physical:
        held += line
        held_count += 1
        if held.count('"') % 2 == 0 or held_count > 20:
            if held.strip():
                lines.append(held.rstrip("\r\n"))
            held, held_count = "", 0
        if len(lines) >= _LINES_LOOKED_AT:
            break
    if held.strip() and len(lines) < _LINES_LOOKED_AT:
        lines.append(held.rstrip("\r\n"))
    return lines


def _consistency(rows: list[list[str]]) -> tuple[float, int]:
    if not rows:
        return 0.0, 0
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return count / len(rows), width
