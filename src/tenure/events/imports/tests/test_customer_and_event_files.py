"""Files of customers and of events."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.events.imports.tests.conftest import Store, read_rejected

Write = Callable[..., Path]
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_customer_row_is_an_identify_with_reserved_and_other_traits(store: Store, write: Write) -> None:
    body = (
        "Customer ID,Email,First Name,Last Name,City,Country,Birthday,Created at,Language,Loyalty Points,VIP,Zip\n"
        "42,\u00a0Alice@X.com ,Alice,Doe,Bonn,DE,31.12.1990,2024-01-15,de-DE,120,true,01234\n43,,Bob,,,,,,,,,\n"
    )
    with clock.virtual(NOW):
        result = store.run("customers", write(body))
    assert (result.customers, result.events_written) == (2, 2)
    assert store.identified() == {
        "42": {
            "email": "alice@x.com", "firstName": "Alice", "lastName": "Doe", "locale": "de-DE",
            "birthday": "1990-12-31", "createdAt": "2024-01-15T00:00:00Z", "address": {"city": "Bonn", "country": "DE"},
            "Loyalty Points": 120, "VIP": True, "Zip": "01234",
        },
        "43": {"firstName": "Bob"},
    }  # fmt: skip
    times = {event["user_id"]: event["occurred_at"].replace(tzinfo=UTC) for event in store.events.values()}
    assert times == {"42": datetime(2024, 1, 15, tzinfo=UTC), "43": NOW}


def test_the_address_is_the_id_where_there_is_no_other(store: Store, write: Write) -> None:
    result = store.run("customers", write("email,plan\nA@x.com,pro\nnobody,free\n,free\n"))
    assert list(store.identified()) == ["a@x.com"]
    assert read_rejected(result) == [(3, "missing_id"), (4, "missing_id")]


def test_who_does_not_accept_mail_is_unsubscribed(store: Store, write: Write) -> None:
    result = store.run("customers", write("id,email,newsletter\n1,a@x.com,yes\n2,b@x.com,No\n"))
    assert [event["user_id"] for event in store.named("Unsubscribed")] == ["2"]
    assert any("recorded as unsubscribed" in warning for warning in result.warnings)


def test_a_bad_address_or_birthday_costs_the_trait_only(store: Store, write: Write) -> None:
    result = store.run(
        "customers", write("id,email,birthday,name\n1,nonsense,0000-00-00,Al\n2,b@x.com,1990-01-02,Bo\n")
    )
    assert store.identified() == {
        "1": {"name": "Al"},
        "2": {"email": "b@x.com", "birthday": "1990-01-02", "name": "Bo"},
    }
    assert [warning[:6] for warning in result.warnings] == ["1 row ", "1 row "]


def test_a_second_import_of_customers_changes_nothing(store: Store, write: Write) -> None:
    path = write("id,email,name\n1,a@x.com,Al\n2,b@x.com,Bo\n")
    with clock.virtual(NOW) as virtual:
        store.run("customers", path)
        virtual.advance(days=3)
        again = store.run("customers", path)
    assert (again.events_written, again.duplicates) == (0, 2)


def test_an_event_row_is_a_track_with_properties(store: Store, write: Write) -> None:
    body = (
        "user_id,anonymous_id,event,timestamp,message_id,plan,seats\n"
        "alice,,Signed Up,2024-01-01T10:00:00Z,m1,pro,5\n,v9,Page Seen,2024-01-02,,,\n"
    )
    result = store.run("events", write(body))
    assert (result.events_written, result.customers) == (2, 2)
    assert store.events["m1"]["properties"] == {"plan": "pro", "seats": 5}
    other = store.named("Page Seen")[0]
    assert (other["user_id"], other["anonymous_id"], other["properties"]) == (None, "v9", {})
    assert other["message_id"].startswith("import:")


def test_properties_may_be_json_and_win_over_columns(store: Store, write: Write) -> None:
    body = 'user_id,event,timestamp,properties,plan\na,E,2024-01-01,"{""plan"": ""pro"", ""n"": {""x"": [1]}}",free\nb,E,2024-01-01,,free\nc,E,2024-01-01,[1],free\nd,E,2024-01-01,{oops,free\n'
    result = store.run("events", write(body))
    assert {event["user_id"]: event["properties"] for event in store.events.values()} == {
        "a": {"plan": "pro", "n": {"x": [1]}},
        "b": {"plan": "free"},
    }
    assert read_rejected(result) == [(4, "bad_properties"), (5, "bad_properties")]


def test_repeated_events_are_kept_and_a_second_import_changes_nothing(store: Store, write: Write) -> None:
    path = write("user_id,event,date\na,Visit,2024-01-01\na,Visit,2024-01-01\na,Visit,2024-01-02\n")
    result = store.run("events", path)
    assert result.events_written == 3
    assert any("1 row repeats another row exactly" in warning for warning in result.warnings)
    assert store.run("events", path).events_written == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",,E,2024-01-01", "missing_id"),
        ("a,,,2024-01-01", "missing_event"),
        ("a,,E,", "missing_date"),
        ("a,,E,whenever", "unreadable_date"),
        ("a,,E,2999-01-01", "future_date"),
    ],
)
def test_a_bad_event_row_is_rejected(store: Store, write: Write, line: str, reason: str) -> None:
    result = store.run("events", write(f"user_id,anonymous_id,event,timestamp\n{line}\na,,E,2024-01-01\n"))
    assert read_rejected(result) == [(2, reason)]
    assert result.events_written == 1


def test_missing_columns_are_asked_for(store: Store, write: Write) -> None:
    with pytest.raises(TenureError, match="--map event=COLUMN"):
        store.run("events", write("user_id,timestamp\na,2024-01-01\n"))
    with pytest.raises(TenureError, match="--map customer_id=COLUMN"):
        store.run("customers", write("plan,colour\npro,red\n"))
