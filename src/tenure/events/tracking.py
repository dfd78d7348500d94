"""The tracking calls of the Segment HTTP API: decoded, checked, normalised. No I/O here.

Source: Segment's public HTTP tracking API specification (fields, limits, clock-skew correction).
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from tenure.base.errors import TenureError
from tenure.events.batch import EventRow, to_microseconds

MOST_CALL_BYTES = 32 * 1024
MOST_BATCH_BYTES = 500 * 1024
MOST_BATCH_CALLS = 2_500
LONGEST_ID = 255
TYPES = ("identify", "track", "page", "screen", "group", "alias")
FUTURE_TOLERANCE_MICROSECONDS = 60 * 60 * 1_000_000

ORDER_EVENTS = ("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled")
DEEPEST = 64
EARLIEST_MICROSECONDS = to_microseconds(datetime(1900, 1, 1, tzinfo=UTC))
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\u0000"
)
Identifier = str | int | float | None


class Call(msgspec.Struct):
    """One call as it arrives; unknown fields are let pass."""

    type: str | None = None
    userId: Identifier = None
    anonymousId: Identifier = None
    previousId: Identifier = None
    groupId: Identifier = None
    messageId: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    timestamp: str | int | None = None
    originalTimestamp: str | int | None = None
    sentAt: str | int | None = None
    properties: msgspec.Raw = msgspec.Raw(b"")
    traits: msgspec.Raw = msgspec.Raw(b"")
    context: msgspec.Raw = msgspec.Raw(b"")
    writeKey: str | None = None


class Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    sentAt: str | int | None = None
    writeKey: str | None = None


@dataclass(frozen=True)
class Rejection:
    """Why one call of a batch was not accepted; `index` counts from 0."""

    index: int
    error: TenureError

    def as_dict(self) -> dict[str, Any]:
        return {"index": self.index, **self.error.as_dict()}


@dataclass(frozen=True)
class Decoded:
    rows: list[EventRow]
    rejections: list[Rejection]
    write_key: str | None


_decode_call = msgspec.json.Decoder(Call).decode
_decode_batch = msgspec.json.Decoder(Batch).decode
_encode_json = msgspec.json.Encoder().encode


def decode_single(body: bytes, kind: str, received_at: datetime, source: str, strict: bool) -> Decoded:
    """One call to /v1/<kind>."""
    if len(body) > MOST_CALL_BYTES:
        raise too_large(len(body), MOST_CALL_BYTES, "call")
    call = _decoded(_decode_call, _mend_characters(body))
    call.type = kind
    row = _normalise(call, None, to_microseconds(received_at), source, strict, False)
    return Decoded([row], [], call.writeKey)


def decode_batch(body: bytes, received_at: datetime, source: str, strict: bool, historical: bool) -> Decoded:
    """A call to /v1/batch, or to /v1/import (`historical`: times are taken as given, without skew correction)."""
    if len(body) > MOST_BATCH_BYTES:
        raise too_large(len(body), MOST_BATCH_BYTES, "batch")
    batch = _decoded(_decode_batch, _mend_characters(body))
    if len(batch.batch) > MOST_BATCH_CALLS:
        raise TenureError(
            "too_many_calls",
            f"A batch takes at most {MOST_BATCH_CALLS} calls; this one has {len(batch.batch)}. Split it.",
            "batch",
        )
    received = to_microseconds(received_at)
    sent = _parse_time(batch.sentAt, "sentAt")
    rows: list[EventRow] = []
    rejections: list[Rejection] = []
    for index, raw in enumerate(batch.batch):
        try:
            if len(raw) > MOST_CALL_BYTES:
                raise too_large(len(raw), MOST_CALL_BYTES, "call")
            call = _decoded(_decode_call, raw)
            rows.append(_normalise(call, sent, received, source, strict, historical))
        except TenureError as error:
            rejections.append(Rejection(index, error))
    return Decoded(rows, rejections, batch.writeKey)


def too_large(size: int, limit: int, what: str) -> TenureError:
    error = TenureError(
        "too_large",
        f"A {what} takes at most {limit // 1024} KB; this one has {size // 1024 + 1} KB. Split it.",
    )
    error.status = 413
    return error


def _decoded(decode: Callable[[Any], Any], body: bytes | msgspec.Raw) -> Any:
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        raise TenureError("wrong_type", f"{text}.", place.strip("`.") or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TenureError("malformed_json", f"The body is not valid JSON in UTF-8: {error}.") from error
    except RecursionError as error:
        raise TenureError("nested_too_deeply", f"At most {DEEPEST} levels of lists and objects.") from error


def _normalise(
    call: Call, batch_sent: int | None, received: int, source: str, strict: bool, historical: bool
) -> EventRow:
    kind = call.type
    if kind not in TYPES:
        raise TenureError("unknown_type", f"type must be one of {', '.join(TYPES)}; got {kind!r}.", "type")
    user_id = _clean_id(call.userId, "userId")
    anonymous_id = _clean_id(call.anonymousId, "anonymousId")
    if user_id is None and anonymous_id is None:
        raise TenureError("missing_id", "Give userId or anonymousId.", "userId")
    if kind == "track" and not call.event:
        raise TenureError("missing_event", "A track call needs the name of the event.", "event")
    previous_id = _clean_id(call.previousId, "previousId")
    if kind == "alias" and (previous_id is None or user_id is None):
        raise TenureError("missing_previous_id", "An alias call needs previousId and userId.", "previousId")
    if kind == "alias" and previous_id == user_id:
        raise TenureError(
            "same_id", "previousId and userId are the same: there is nothing to join.", "previousId"
        )
    group_id = _clean_id(call.groupId, "groupId")
    if kind == "group" and group_id is None:
        raise TenureError("missing_group_id", "A group call needs groupId.", "groupId")
    message_id = call.messageId or "made-" + secrets.token_hex(16)
    if len(message_id) > LONGEST_ID:
        raise TenureError("id_too_long", f"messageId takes at most {LONGEST_ID} characters.", "messageId")
    occurred = _compute_occurred(call, batch_sent, received, strict, historical)
    field = "traits" if kind in ("identify", "group") else "properties"
    properties = _object_text(call.traits if field == "traits" else call.properties, field)
    if strict and kind == "track" and call.event in ORDER_EVENTS:
        _check_order(properties)
    if kind in ("page", "screen") and (call.name or call.category):
        properties = _with_page_name(properties, call)
    named = {"track": call.event, "page": call.name, "screen": call.name, "group": group_id}
    event = named.get(kind)
    context = _object_text(call.context, "context") if call.context else None
    return (
        message_id,
        kind,
        event,
        user_id,
        anonymous_id,
        previous_id,
        group_id,
        None,
        occurred,
        received,
        properties,
        context,
        source,
    )


def _compute_occurred(
    call: Call, batch_sent: int | None, received: int, strict: bool, historical: bool
) -> int:
    """timestamp = receivedAt - (sentAt - originalTimestamp), in microseconds since 1970."""
    original = _parse_time(call.originalTimestamp or call.timestamp, "timestamp")
    if original is None:
        return received
    sent = _parse_time(call.sentAt, "sentAt")
    if sent is None:
        sent = batch_sent
    occurred = original if sent is None or historical else received - (sent - original)
    if occurred < EARLIEST_MICROSECONDS:
        raise TenureError(
            "bad_timestamp", "timestamp lies before 1900 once sentAt is taken into account.", "timestamp"
        )
    if occurred > received + FUTURE_TOLERANCE_MICROSECONDS:
        if strict:
            raise TenureError(
                "future_timestamp",
                "timestamp lies in the future. Send when it happened, and sentAt, so that a wrong clock can be "
                "corrected.",
                "timestamp",
            )
        return received
    return min(occurred, received)


def _parse_time(value: str | int | None, field: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int):
            seconds = value / 1000 if abs(value) > 100_000_000_000 else value
            return to_microseconds(datetime.fromtimestamp(seconds, UTC))
        moment = datetime.fromisoformat(value)
        return to_microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise TenureError(
            "bad_timestamp", f"{field} must be ISO 8601, like 2026-01-31T12:00:00Z; got {value!r}.", field
        ) from error


def _clean_id(value: Identifier, field: str) -> str | None:
    if value is None:
        return None
    if type(value) is not str:
        value = str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)
    value = value.strip()
    if len(value) > LONGEST_ID:
        raise TenureError("id_too_long", f"{field} takes at most {LONGEST_ID} characters.", field)
    if "\x00" in value:
        raise TenureError("bad_id", f"{field} holds a NUL character.", field)
    return value or None


def _object_text(raw: msgspec.Raw, field: str) -> str:
    text = bytes(raw)
    if not text or text == b"null":
        return "{}"
    if not text.lstrip().startswith(b"{"):
        raise TenureError("wrong_type", f"{field} must be an object.", field)
    if text.count(b"{") + text.count(b"[") > DEEPEST and _compute_depth(text) > DEEPEST:
        raise TenureError("nested_too_deeply", f"{field} may have at most {DEEPEST} levels.", field)
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise TenureError("malformed_json", f"{field} is not valid UTF-8: {error}.", field) from error


def _compute_depth(text: bytes) -> int:
    depth = deepest = 0
    for mark in _MARKS.finditer(text):
        if mark[0] in (b"{", b"["):
            depth += 1
            deepest = max(deepest, depth)
        elif mark[0] in (b"}", b"]"):
            depth -= 1
    return deepest


def _mend_characters(body: bytes) -> bytes:
    """Take out NUL, which not every engine can store, and replace half surrogates, which are no characters.

    JavaScript makes the latter by cutting a text in the middle of an emoji; one must not cost a whole batch.
    """
    if b"\\u0000" not in body and b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _ESCAPES.sub(_mend_escape, body)


def _mend_escape(found: re.Match[bytes]) -> bytes:
    text = found[0]
    if text == b"\\u0000":
        return b""
    return b"\\ufffd" if len(text) == 6 else text


def _check_order(properties: str) -> None:
    """Strict mode: an order that could not be counted is refused, with what is missing."""
    order = msgspec.json.decode(properties)
    if not (order.get("order_id") or order.get("orderId")):
        raise TenureError("missing_order_id", "An order event needs order_id.", "properties.order_id")
    for name in ("total", "revenue"):
        value = order.get(name)
        if value is not None and not _is_amount(value):
            raise TenureError("bad_amount", f"{name} must be a number; got {value!r}.", f"properties.{name}")


def _is_amount(value: object) -> bool:
    try:
        return not isinstance(value, bool) and abs(float(value)) < 1e14  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _with_page_name(properties: str, call: Call) -> str:
    merged = {"name": call.name, "category": call.category, **msgspec.json.decode(properties)}
    return _encode_json({key: value for key, value in merged.items() if value is not None}).decode()
