"""Shows all that is known of one customer."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: identifier, events (how many of the latest). Result: the single customer view with its merges."""
    from tenure.customers import api as customers
    from tenure.events import api as events

    events.wait_until_folded()
    view = customers.get_customer_by_identifier(arguments["identifier"], arguments["events"])
    merges = customers.list_merges(view.id)
    return view.as_dict() | {"merges": [merge.as_dict() for merge in merges]}


OPERATION = Operation("customer", run)
