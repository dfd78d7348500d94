"""The one shape of events on their way into the lake."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa

EVENT_BATCH = pa.schema(
    [
        pa.field("message_id", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("event", pa.string()),
        pa.field("user_id", pa.string()),
        pa.field("anonymous_id", pa.string()),
        pa.field("previous_id", pa.string()),
        pa.field("group_id", pa.string()),
        pa.field("customer_id", pa.int64()),
        pa.field("occurred_at", pa.timestamp("us"), nullable=False),
        pa.field("received_at", pa.timestamp("us"), nullable=False),
        pa.field("properties", pa.string(), nullable=False),
        pa.field("context", pa.string()),
        pa.field("source", pa.string(), nullable=False),
    ]
)
"""Times are naive UTC. `properties` is a JSON object: the properties of a track, page or screen call, the
traits of an identify or group call. `customer_id` is given only by Tenure's own events about a customer."""

EventRow = tuple[
    str,
    str,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    int | None,
    int,
    int,
    str,
    str | None,
    str,
]
"""One event in EVENT_BATCH's order, times as microseconds since 1970."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[list[Any]]).decode


@dataclass(frozen=True)
class NewEvent:
    """An event that Tenure itself records, about a customer or by an identifier."""

    type: str
    event: str | None
    properties: dict[str, Any]
    occurred_at: datetime
    customer_id: int | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    message_id: str | None = None
    source: str = "tenure"
    context: dict[str, Any] = field(default_factory=dict)

    def as_row(self, received_at: datetime) -> EventRow:
        return (
            self.message_id or "tenure-" + secrets.token_hex(16),
            self.type,
            self.event,
            self.user_id,
            self.anonymous_id,
            None,
            None,
            self.customer_id,
            to_microseconds(self.occurred_at),
            to_microseconds(received_at),
            json.dumps(self.properties, separators=(",", ":"), ensure_ascii=False, default=str),
            json.dumps(self.context, default=str) if self.context else None,
            self.source,
        )


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def encode_rows(rows: Sequence[EventRow]) -> bytes:
    """Rows as they lie in the inbox."""
    return _encode(rows)


def decode_rows(body: bytes) -> list[list[Any]]:
    return _decode(body)


def build_batch(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows (in EVENT_BATCH's order) as an Arrow table."""
    if not rows:
        return EVENT_BATCH.empty_table()
    columns = zip(*rows, strict=True)
    arrays = []
    for values, column in zip(columns, EVENT_BATCH, strict=True):
        if pa.types.is_timestamp(column.type):
            arrays.append(pa.array(values, pa.int64()).cast(column.type))
        else:
            arrays.append(pa.array(values, column.type))
    return pa.Table.from_arrays(arrays, schema=EVENT_BATCH)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
