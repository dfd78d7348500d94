"""Makes two customers one, or takes them apart again."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress

ACTOR = "command line"


def merge(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: identifier, other, is_preview. Result: surviving, absorbed, merged, traits, is_reachable, is_merged;
    once merged also merge_id."""
    from tenure.customers import api as customers
    from tenure.events import api as events

    events.wait_until_folded()
    one, other = (
        customers.get_customer_by_identifier(arguments[name], events=0).id for name in ("identifier", "other")
    )
    result = customers.preview_merge(one, other).as_dict()
    if arguments["is_preview"]:
        return result | {"is_merged": False}
    kept = customers.merge_customers(one, other, ACTOR)
    events.wait_until_folded()
    return result | {"is_merged": True, "merge_id": customers.list_merges(kept)[0].id}


def unmerge(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: merge (its number). Result: apart (the customer ids of both), merge_id."""
    from tenure.customers import api as customers
    from tenure.events import api as events

    events.wait_until_folded()
    pair = customers.unmerge(int(arguments["merge"]), ACTOR)
    events.wait_until_folded()
    apart = [customers.get_customer(customer_id, events=0).customer_id for customer_id in pair]
    return {"merge_id": int(arguments["merge"]), "apart": apart}


MERGE = Operation("customer-merge", merge)
UNMERGE = Operation("customer-unmerge", unmerge)
