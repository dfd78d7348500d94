"""What is remembered of each import, so that a broken-off one goes on where it stopped."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass
class ImportRun:
    """One import of one file with one set of options, kept as JSON in the import folder.

    `chunks_done` are numbers of chunks whose events are in the lake; they mean something only together with
    `chunk_count`, `started_at` (the moment that decides what lies in the future) and `is_finished`.
    """

    key: str
    kind: str
    file: str
    source: str
    mapping: dict[str, str]
    started_at: str
    date_format: str | None = None
    date_label: str | None = None
    finished_at: str | None = None
    chunk_count: int | None = None
    chunks_done: list[int] = field(default_factory=list)
    events_written: int = 0
    duplicates: int = 0
    result: dict[str, Any] | None = None

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    def save(self, folder: Path) -> None:
        """Replace the file in one step: a crash leaves the old or the new state."""
        target = folder / f"{self.key}.json"
        draft = target.with_suffix(".json.new")
        draft.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        draft.replace(target)


def build_key(
    digest: str, kind: str, mapping: Mapping[str, str], source: str, date_format: str | None
) -> str:
    """The name of a run: the file's bytes and everything that decides what they mean."""
    options = json.dumps([kind, sorted(mapping.items()), source, date_format])
    return f"{digest[:24]}-{hashlib.sha256(options.encode()).hexdigest()[:8]}"


def open_run(folder: Path, fresh: ImportRun) -> ImportRun:
    """The broken-off run of the same key, or `fresh`; a finished one starts anew."""
    found = read_run(folder / f"{fresh.key}.json")
    return found if found and not found.is_finished else fresh


def read_run(path: Path) -> ImportRun | None:
    """The run in a state file; None where there is none or it cannot be read."""
    try:
        return ImportRun(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def list_runs(folder: Path) -> list[ImportRun]:
    """All remembered runs, the latest first."""
    runs = [run for path in sorted(folder.glob("*-*.json")) if (run := read_run(path))]
    return sorted(runs, key=lambda run: run.started_at, reverse=True)


def to_sql_moment(moment: datetime) -> str:
    """A naive UTC timestamp literal of an aware moment."""
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'"
