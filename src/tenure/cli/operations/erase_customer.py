"""Erases one customer."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: identifier. Result: the receipt: receipt, customers, by, started_at, finished_at, removed, left."""
    from tenure.customers import api as customers
    from tenure.events import api as events

    events.wait_until_folded()
    progress(None, "Erasing, and searching for what is left")
    customer = customers.get_customer_by_identifier(arguments["identifier"], events=0)
    return customers.erase_customer(customer.id, "command line").as_dict()


OPERATION = Operation("customer-erase", run)
