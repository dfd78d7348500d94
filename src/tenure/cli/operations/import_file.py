"""Imports a file of customers, orders or events."""

from pathlib import Path
from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: kind, file (absolute path), mapping, source or None, dry_run, date_format or None. Result: what became of the rows."""
    from tenure.base.audit import record_audit
    from tenure.events.imports import api as imports

    path = Path(arguments["file"])
    result = imports.run_import(
        arguments["kind"],
        path,
        mapping=arguments["mapping"],
        source=arguments["source"],
        dry_run=arguments["dry_run"],
        progress=progress,
        date_format=arguments.get("date_format"),
    )
    if not arguments["dry_run"]:
        record_audit(
            "command line", "file.imported", path.name, kind=arguments["kind"], rows=result.rows_read
        )
    return result.as_dict()


OPERATION = Operation("import", run)
