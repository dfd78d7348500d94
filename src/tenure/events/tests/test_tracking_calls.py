"""What the Segment HTTP tracking API accepts, corrects and refuses."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.base.errors import TenureError
from tenure.events.batch import to_microseconds
from tenure.events.tracking import decode_batch, decode_single

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decode(kind: str = "track", strict: bool = False, **fields: Any) -> dict[str, Any]:
    call = {"userId": "alice", "event": "Signed Up", **fields}
    row = decode_single(json.dumps(call).encode(), kind, NOON, "site", strict).rows[0]
    names = (
        "message_id type event user_id anonymous_id previous_id group_id customer_id occurred_at received_at"
    )
    return dict(zip([*names.split(), "properties", "context", "source"], row, strict=True))


def error_of(body: bytes, kind: str = "track", strict: bool = False) -> TenureError:
    with pytest.raises(TenureError) as caught:
        decode_single(body, kind, NOON, "site", strict)
    return caught.value


def test_a_track_call_becomes_a_row() -> None:
    row = decode(messageId="m1", properties={"plan": "pro"}, timestamp="2026-03-01T11:00:00Z")
    assert (row["message_id"], row["type"], row["event"], row["user_id"]) == (
        "m1",
        "track",
        "Signed Up",
        "alice",
    )
    assert json.loads(row["properties"]) == {"plan": "pro"}
    assert row["occurred_at"] == to_microseconds(datetime(2026, 3, 1, 11, tzinfo=UTC))


def test_a_wrong_clock_is_corrected_by_the_time_of_sending() -> None:
    """timestamp = receivedAt - (sentAt - originalTimestamp)"""
    row = decode(timestamp="2020-01-01T00:00:00Z", sentAt="2020-01-01T00:10:00Z")
    assert row["occurred_at"] == to_microseconds(datetime(2026, 3, 1, 11, 50, tzinfo=UTC))


def test_a_historical_import_keeps_its_times() -> None:
    call = {"type": "track", "userId": "a", "event": "x", "timestamp": "2020-01-01T00:00:00Z"}
    body = json.dumps({"batch": [call], "sentAt": "2026-03-01T12:00:00Z"}).encode()
    row = decode_batch(body, NOON, "site", False, True).rows[0]
    assert row[8] == to_microseconds(datetime(2020, 1, 1, tzinfo=UTC))


def test_numbers_serve_as_ids() -> None:
    assert decode(userId=42)["user_id"] == "42"
    assert decode(userId=17850.0)["user_id"] == "17850"


def test_a_page_keeps_its_name_and_category() -> None:
    row = decode("page", name="Home", category="Docs", properties={"url": "https://x.example"})
    assert row["event"] == "Home"
    assert json.loads(row["properties"]) == {"name": "Home", "category": "Docs", "url": "https://x.example"}


def test_a_call_without_a_message_id_gets_one_of_its_own() -> None:
    assert decode()["message_id"] != decode()["message_id"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"{", "malformed_json", None),
        (b"\xff\xfe", "malformed_json", None),
        (b'{"event":"x","userId":"a","properties":{"amount":NaN}}', "malformed_json", None),
        (b'{"event":"x"}', "missing_id", "userId"),
        (b'{"event":"x","userId":""}', "missing_id", "userId"),
        (b'{"userId":"a"}', "missing_event", "event"),
        (b'{"event":5,"userId":"a"}', "wrong_type", "event"),
        (b'{"event":"x","userId":{"a":1}}', "wrong_type", "userId"),
        (b'{"event":"x","userId":"a","properties":[1]}', "wrong_type", "properties"),
        (b'{"event":"x","userId":"a","timestamp":"yesterday"}', "bad_timestamp", "timestamp"),
        (b'{"event":"x","userId":"' + b"a" * 300 + b'"}', "id_too_long", "userId"),
        (b'{"event":"x","userId":"a","properties":{"a":"' + b"a" * 40_000 + b'"}}', "too_large", None),
    ],
)
def test_a_bad_call_is_refused_with_its_reason(body: bytes, code: str, field: str | None) -> None:
    error = error_of(body)
    assert (error.code, error.field) == (code, field)
    assert error.message


def test_a_time_in_the_future_is_refused_when_strict_and_taken_as_now_otherwise() -> None:
    future = {"timestamp": "2027-01-01T00:00:00Z"}
    assert decode(**future)["occurred_at"] == to_microseconds(NOON)
    with pytest.raises(TenureError, match="future"):
        decode(strict=True, **future)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'"C:\\u0000dir"', "C:\\u0000dir"),
        (rb'"a\u0000b"', "ab"),
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\\ud83d"', "\\ud83d"),
    ],
)
def test_broken_characters_are_mended_and_whole_ones_kept(sent: bytes, kept: str) -> None:
    body = b'{"userId":"a","event":"e","properties":{"a":' + sent + b"}}"
    row = decode_single(body, "track", NOON, "site", False).rows[0]
    assert json.loads(row[10]) == {"a": kept}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            b'{"event":"x","userId":"a","properties":{"a":' + b"[" * 2000 + b"]" * 2000 + b"}}",
            "nested_too_deeply",
        ),
        (
            b'{"event":"x","userId":"a","properties":{"a":' + b"[" * 90 + b"]" * 90 + b"}}",
            "nested_too_deeply",
        ),
        (b'{"event":"x","userId":"a","properties":{"a":"\xff"}}', "malformed_json"),
        (b'{"event":"x","userId":"a","context":{"a":"\xed\xa0\x80"}}', "malformed_json"),
        (
            b'{"event":"x","userId":"a","timestamp":"0001-01-01T00:00:00Z","sentAt":"9999-12-31T00:00:00Z"}',
            "bad_timestamp",
        ),
    ],
)
def test_what_would_break_the_lake_is_refused_at_the_door(body: bytes, code: str) -> None:
    assert error_of(body).code == code
    calls = (
        b'{"batch":[{"type":"page","userId":"b"},'
        + body.replace(b'{"event"', b'{"type":"track","event"')
        + b"]}"
    )
    if body.count(b"[") < 1000:
        decoded = decode_batch(calls, NOON, "site", False, False)
        assert (len(decoded.rows), [r.error.code for r in decoded.rejections]) == (1, [code])


def test_an_alias_of_an_id_with_itself_is_refused() -> None:
    assert error_of(b'{"userId":"s","previousId":"s"}', "alias").code == "same_id"


@pytest.mark.parametrize("total", ["abc", "NaN", [1], 1e20])
def test_an_order_that_could_not_be_counted_is_refused_when_strict(total: object) -> None:
    call = {"event": "Order Completed", "properties": {"order_id": "o1", "total": total}}
    with pytest.raises(TenureError) as caught:
        decode(strict=True, **call)
    assert (caught.value.code, caught.value.field) == ("bad_amount", "properties.total")
    assert decode(**call)["event"] == "Order Completed"


def test_a_batch_takes_the_good_calls_and_names_the_bad_ones() -> None:
    calls = [
        {"type": "track", "userId": "a", "event": "x"},
        {"type": "trick", "userId": "a"},
        {"type": "page"},
    ]
    decoded = decode_batch(json.dumps({"batch": calls}).encode(), NOON, "site", False, False)
    assert len(decoded.rows) == 1
    assert [(r.index, r.error.code) for r in decoded.rejections] == [(1, "unknown_type"), (2, "missing_id")]


def test_a_batch_over_the_limits_is_refused() -> None:
    calls = [{"type": "page", "userId": "a"}] * 2_501
    with pytest.raises(TenureError) as caught:
        decode_batch(json.dumps({"batch": calls}).encode(), NOON, "site", False, False)
    assert caught.value.code == "too_many_calls"
    with pytest.raises(TenureError) as caught:
        decode_batch(b" " * 600_000, NOON, "site", False, False)
    assert (caught.value.code, caught.value.status) == ("too_large", 413)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["userId", "event", "properties", "timestamp", "messageId"]), json_values)
)
def test_any_json_object_is_taken_or_refused_but_never_breaks(fields: dict[str, Any]) -> None:
    try:
        row = decode_single(json.dumps(fields).encode(), "track", NOON, "site", False).rows[0]
    except TenureError as error:
        assert error.message
    else:
        assert isinstance(json.loads(row[10]), dict)
