"""Writes all that is known of one customer into a file."""

import os
from pathlib import Path
from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: identifier, out (absolute path). Result: out, bytes, customer_id. Readable by its owner only."""
    from tenure.base.audit import record_audit
    from tenure.customers import api as customers
    from tenure.events import api as events

    events.wait_until_folded()
    customer = customers.get_customer_by_identifier(arguments["identifier"], events=0)
    record_audit("command line", "customer.exported", str(customer.id))
    size = 0
    target = os.open(Path(arguments["out"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(target, "wb") as file:
        for part in customers.stream_export(customer.id):
            size += file.write(part)
    return {"out": arguments["out"], "bytes": size, "customer_id": customer.customer_id}


OPERATION = Operation("customer-export", run)
