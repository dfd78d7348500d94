"""Creates a write key for the tracking API."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name. Result: key (shown this once), name."""
    from tenure.base.audit import record_audit
    from tenure.events import api as events

    key = events.create_write_key(arguments["name"])
    record_audit("command line", "key.created", arguments["name"], start=key[:8])
    return {"key": key, "name": arguments["name"]}


OPERATION = Operation("key.create", run)
