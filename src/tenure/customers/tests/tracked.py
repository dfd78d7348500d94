"""Calls as a site sends them, for the tests of this room."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tenure.events import api as events
from tenure.events.tracking import decode_batch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_numbers = itertools.count(1)


def send(*calls: dict[str, Any]) -> None:
    """Accept calls in one batch and fold them."""
    decoded = decode_batch(
        json.dumps({"batch": calls}).encode(), NOON + timedelta(days=300), "test", False, True
    )
    assert decoded.rejections == []
    events.current().inbox.accept_and_wait(len(decoded.rows), events.encode_rows(decoded.rows))
    events.wait_until_folded()


def identify(at: datetime = NOON, **fields: Any) -> dict[str, Any]:
    """An identify call; `userId` and `anonymousId` are fields, everything else is a trait."""
    ids = {name: fields.pop(name) for name in ("userId", "anonymousId") if name in fields}
    return {
        "type": "identify",
        "timestamp": at.isoformat(),
        "messageId": name_message(),
        **ids,
        "traits": fields,
    }


def track(event: str, at: datetime = NOON, **fields: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": event,
        "timestamp": at.isoformat(),
        "messageId": name_message(),
        **fields,
    }


def order(order_id: str, total: float, at: datetime = NOON, **ids: Any) -> dict[str, Any]:
    return track("Order Completed", at, properties={"order_id": order_id, "total": total}, **ids)


def alias(user_id: str, previous_id: str, at: datetime = NOON) -> dict[str, Any]:
    return {
        "type": "alias",
        "userId": user_id,
        "previousId": previous_id,
        "timestamp": at.isoformat(),
        "messageId": name_message(),
    }


def name_message() -> str:
    return f"m-{next(_numbers)}"
