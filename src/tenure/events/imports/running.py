"""One import from file to lake: read, stage, write chunk by chunk, remember, report."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from tenure.base import clock
from tenure.base.errors import TenureError, UnavailableError
from tenure.base.words import count_of
from tenure.config.environment import read_environment
from tenure.events.appending import AppendResult
from tenure.events.imports.bytestream import TextFile, prepare_text, read_head
from tenure.events.imports.corrections import check_earlier_runs
from tenure.events.imports.customers import stage_customers
from tenure.events.imports.known import find_known_orders
from tenure.events.imports.mapping import get_fields, resolve_mapping
from tenure.events.imports.order_import import FindKnown, stage_order_import
from tenure.events.imports.orders import check_order_mapping
from tenure.events.imports.reading import CUT_OFF, RawRows, drop_rows, load_rows, staging
from tenure.events.imports.rejecting import describe_reason, write_rejected
from tenure.events.imports.results import FileShape, ImportResult
from tenure.events.imports.runs import ImportRun, build_key, open_run, to_sql_moment
from tenure.events.imports.sniffing import sniff
from tenure.events.imports.staged import StagedImport, complete_batch
from tenure.events.imports.tracked import stage_events

Progress = Callable[[float, str], None]
Append = Callable[[pa.Table], AppendResult]
DEFAULT_SOURCE = "import"
_READ_SHARE = 0.1
_STAGED_SHARE = 0.25
_WRITTEN_SHARE = 0.95


def run_import(
    kind: str,
    path: str | Path,
    mapping: Mapping[str, str] | None = None,
    source: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    *,
    date_format: str | None = None,
    folder: Path | None = None,
    append: Append | None = None,
    find_known: FindKnown | None = None,
) -> ImportResult:
    """Import the file at `path` as customers, orders or events.

    `mapping` (fields to column names or positions) goes over the guess. `progress(share, message)` is called
    from 0 to 1. `folder` takes the rejected rows and the state (default: imports in the data folder); `append`
    and `find_known` default to the open lake. Raises TenureError for what the caller can mend, before anything
    is written (dates that can be read two ways among them); UnavailableError when disk or memory run out, after which the same call goes on where it stopped.
    """
    path, folder, source = Path(path), folder or read_environment().import_folder, source or DEFAULT_SOURCE
    tell = progress or _tell_nobody
    get_fields(kind)
    tell(0.0, "Looking at the file")
    shape = sniff(path)
    columns = resolve_mapping(kind, shape, mapping)
    if kind == "orders":
        check_order_mapping(columns)
    with _outside_trouble(), staging(folder) as (connection, work):
        text = prepare_text(path, read_head(path)[0], work)
        tell(_READ_SHARE / 2, "Reading rows")
        needed = max((shape.columns.index(name) + 1 for name in columns.values()), default=1)
        rows = load_rows(connection, text, shape, needed)
        tell(_READ_SHARE, f"{count_of(rows.row_count, 'row')} read")
        fresh = ImportRun(
            key=build_key(text.digest, kind, columns, source, date_format),
            kind=kind,
            file=path.name,
            source=source,
            mapping=columns,
            date_format=date_format,
            started_at=clock.now().isoformat(),
        )
        run = fresh if dry_run else open_run(folder, fresh)
        staged = _stage(connection, rows, run, shape, text, find_known or find_known_orders)
        _check_dates(run, staged, folder, dry_run)
        tell(_STAGED_SHARE, f"{count_of(len(staged.chunks), 'part')} to write")
        rejected_path = folder / f"{path.name.split('.')[0]}-{run.key[:8]}-{kind}-rejected.csv"
        reasons, rejected_file = write_rejected(connection, rows, staged.rejects, rejected_path)
        result = _describe(
            run, rows, staged, reasons, rejected_file, _find_end(connection, rows, text), dry_run
        )
        drop_rows(connection, rows)
        built = _write_chunks(run, staged, folder, dry_run, append or _append_to_lake, tell)
    result = replace(result, events_built=built, events_written=run.events_written, duplicates=run.duplicates)
    if not dry_run:
        _finish(run, result, folder, tell, is_in_lake=append is None)
    tell(1.0, "Done")
    return result


def _stage(
    connection: duckdb.DuckDBPyConnection,
    rows: RawRows,
    run: ImportRun,
    shape: FileShape,
    text: TextFile,
    find_known: FindKnown,
) -> StagedImport:
    started_at = datetime.fromisoformat(run.started_at).astimezone(UTC)
    latest = to_sql_moment(started_at + timedelta(days=1))
    broken = text.broken_bytes > 0
    if run.kind == "orders":
        return stage_order_import(
            connection, rows, run.mapping, source=run.source, delimiter=shape.delimiter, latest=latest,
            date_format=run.date_format, has_broken_text=broken, find_known=find_known,
        )  # fmt: skip
    if run.kind == "customers":
        return stage_customers(
            connection, rows, run.mapping, source=run.source, latest=latest, now=to_sql_moment(started_at),
            date_format=run.date_format, has_broken_text=broken,
        )  # fmt: skip
    return stage_events(
        connection, rows, run.mapping, source=run.source, latest=latest,
        date_format=run.date_format, has_broken_text=broken,
    )  # fmt: skip


def _check_dates(run: ImportRun, staged: StagedImport, folder: Path, dry_run: bool) -> None:
    """Dates that were imported stay, so that an unclear column is asked about before anything is written."""
    check_earlier_runs(folder, run, staged.figures.date_format)
    if staged.questions and not run.date_format and not dry_run:
        raise TenureError(
            "dates_unclear",
            f"{staged.questions[0]} No date in the column settles it, and nothing was imported. Give the date format: DMY "
            "(day first) or MDY (month first), with --date-format on the command line.",
            "date_format",
        )
    run.date_label = staged.figures.date_format


def _describe(
    run: ImportRun,
    rows: RawRows,
    staged: StagedImport,
    reasons: dict[str, int],
    rejected_file: Path | None,
    end: tuple[int | None, list[str]],
    dry_run: bool,
) -> ImportResult:
    ended_at_line, warnings = end
    figures = staged.figures
    return ImportResult(
        kind=run.kind,
        file=run.file,
        source=run.source,
        dry_run=dry_run,
        rows_read=rows.row_count,
        rows_rejected=sum(reasons.values()),
        rejected_file=rejected_file,
        rejected_reasons=reasons,
        rejected_words={describe_reason(code): count for code, count in reasons.items()},
        orders=figures.orders,
        credit_notes=figures.credit_notes,
        refunds=figures.refunds,
        customers=figures.customers,
        identified=figures.identified,
        rows_without_customer=figures.rows_without_customer,
        orders_without_customer=figures.orders_without_customer,
        total_amount=figures.total_amount,
        first_at=figures.first_at,
        last_at=figures.last_at,
        date_format=figures.date_format,
        ended_at_line=ended_at_line,
        warnings=(*warnings, *staged.warnings),
        mapping=run.mapping,
    )


def _find_end(
    connection: duckdb.DuckDBPyConnection, rows: RawRows, text: TextFile
) -> tuple[int | None, list[str]]:
    """The last whole line of a file that was cut off, and what to say about the file as a whole."""
    warnings = []
    if text.encoding == "cp1252":
        warnings.append("The file is not UTF-8; it was read as Windows-1252 (Western European).")
    if text.broken_bytes:
        warnings.append(
            f"{count_of(text.broken_bytes, 'byte is', 'bytes are')} not text in {text.encoding.upper()}. In names they were replaced by �; rows "
            "with such bytes in an id, a date, an amount or an address were rejected."
        )
    found = connection.execute(
        f"SELECT max(line) FILTER (problem = '{CUT_OFF}'), max(line) FROM {rows.name}"
    ).fetchone()
    cut_line, last_line = found if found else (None, None)
    if cut_line is None and not text.ended_early:
        return None, warnings
    end = cut_line - 1 if cut_line is not None else (last_line or text.line_count)
    warnings.insert(
        0,
        f"The file is cut off: it ends after line {end:,}. What came before went in; export it again for the rest.",
    )
    return end, warnings


def _write_chunks(
    run: ImportRun, staged: StagedImport, folder: Path, dry_run: bool, append: Append, tell: Progress
) -> int:
    """Write every chunk that is not there yet; the number of events that the file makes."""
    count = len(staged.chunks)
    if run.chunk_count != count:
        run.chunk_count, run.chunks_done, run.events_written, run.duplicates = count, [], 0, 0
    if not dry_run:
        run.save(folder)
    done = set(run.chunks_done)
    received_at = datetime.fromisoformat(run.started_at).astimezone(UTC)
    built = run.events_written + run.duplicates
    for number, build in enumerate(staged.chunks):
        share = _STAGED_SHARE + (_WRITTEN_SHARE - _STAGED_SHARE) * (number + 1) / count
        if number in done:
            continue
        batch = complete_batch(build(), received_at, run.source)
        built += batch.num_rows
        if not dry_run:
            outcome = append(batch)
            run.events_written += outcome.written
            run.duplicates += outcome.duplicates
            run.chunks_done.append(number)
            run.save(folder)
        tell(share, f"{count_of(built, 'event')} {'checked' if dry_run else 'written'}")
    return built


def _append_to_lake(batch: pa.Table) -> AppendResult:
    from tenure.events.api import append_batch

    return append_batch(batch)


def _finish(run: ImportRun, result: ImportResult, folder: Path, tell: Progress, is_in_lake: bool) -> None:
    from tenure.events.api import current

    if is_in_lake and run.events_written:
        tell(_WRITTEN_SHARE, "Scoring customers")
        current().on_imported()
    run.finished_at, run.result = clock.now().isoformat(), result.as_dict()
    run.save(folder)


def _tell_nobody(share: float, message: str) -> None:
    """Without a progress callback."""


@contextmanager
def _outside_trouble() -> Iterator[None]:
    try:
        yield
    except TenureError:
        raise
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError, MemoryError) as error:
        raise UnavailableError(
            "import_interrupted",
            f"The import stopped: {error}. Make room on the disk and import the same file again; it goes on where it stopped.",
        ) from error
