"""Mixed segments for the bench, always the same ones: 100 have more than 60 different conditions of event, window, property."""

import random
from typing import Any

EVENTS = ("Product Viewed", "Product Added", "Cart Viewed", "Product List Viewed")
WINDOWS = (7, 14, 30, 60, 90, 180)


def build_definitions(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """`count` rule trees of one to three conditions."""
    chance = random.Random(seed)
    return [_build_one(chance) for _ in range(count)]


def _build_one(chance: random.Random) -> dict[str, Any]:
    rules = [_build_rule(chance) for _ in range(chance.choice((1, 1, 2, 2, 3)))]
    return rules[0] if len(rules) == 1 else {chance.choice(("all", "all", "any")): rules}


def _build_rule(chance: random.Random) -> dict[str, Any]:
    window = {"days": chance.choice(WINDOWS)}
    match chance.randrange(5):
        case 0:
            return {
                "kind": "event",
                "event": chance.choice(EVENTS),
                "times": {"at_least": chance.randint(1, 4)},
                "window": window,
            }
        case 1:
            one = {"property": "product_id", "value": f"p{chance.randrange(40)}"}
            return {"kind": "event", "event": chance.choice(EVENTS), "where": [one], "window": window}
        case 2:
            return {
                "kind": "total", "function": chance.choice(("sum", "average", "max")), "event": "Order Completed",
                "property": "total", "bound": {"more_than": chance.choice((50, 100, 200))}, "window": window,
            }  # fmt: skip
        case 3:
            return {"kind": "event", "event": "Order Completed", "times": {"exactly": 0}, "window": window}
        case _:
            return {
                "kind": "attribute",
                "name": "revenue",
                "type": "number",
                "operator": "at_least",
                "value": chance.choice((100, 300, 500)),
            }
