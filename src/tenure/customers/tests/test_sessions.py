"""Visits follow the events, in whatever order and company these arrive."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.customers import api as customers
from tenure.customers import sessions
from tenure.customers.models import Customer, Identifier, Merge
from tenure.events import api as events
from tenure.events.batch import NewEvent, build_batch
from tenure.lake import api as lakes
from tenure.lake.backfills import FILL_SESSIONS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP = "https://shop.example"
FIELDS = (
    "started_at",
    "ended_at",
    "event_count",
    "page_count",
    "source",
    "medium",
    "campaign",
    "landing_page",
)


def append(appender: events.Appender, rows: list[NewEvent]) -> None:
    appender.append(build_batch([row.as_row(NOON + timedelta(days=300)) for row in rows]))


def page(minute: float, user_id: str = "alice", path: str = "/", **context: Any) -> NewEvent:
    at = NOON + timedelta(minutes=minute)
    return NewEvent(
        "page", None, {"path": path, "url": SHOP + path}, at, user_id=user_id, source="web", context=context
    )


def track(event: str, minute: float, user_id: str = "alice", source: str = "web", **more: Any) -> NewEvent:
    at = NOON + timedelta(minutes=minute)
    return NewEvent("track", event, {}, at, user_id=user_id, source=source, **more)


def read_sessions(user_id: str = "alice") -> list[dict[str, Any]]:
    built = customers.build_sessions()
    mine = built.filter(built.customer_id == customers.find_customer_id(user_id))
    return lakes.current().read_rows(mine.order_by("started_at"))


def test_thirty_minutes_of_silence_end_a_visit(services: object) -> None:
    rows = [page(0, path="/a"), track("Product Viewed", 30), page(60, path="/b"), page(90.1, path="/c")]
    append(events.current().appender, rows)
    first, second = read_sessions()
    assert (first["started_at"], first["ended_at"]) == (NOON, NOON + timedelta(minutes=60))
    assert (first["duration_seconds"], first["event_count"], first["page_count"]) == (3600, 3, 2)
    assert (first["landing_page"], second["landing_page"]) == ("/a", "/c")


def test_what_we_did_is_no_visit(services: object) -> None:
    rows = [
        *(track(event, 0) for event in customers.NOT_VISITS),
        track("Segment Entered", 0, source="tenure"),
        track("Order Completed", 0, source="import"),
        track("Order Completed", 0, source="my shop", message_id="import:1"),
        NewEvent("identify", None, {"city": "Oslo"}, NOON, user_id="alice", source="web"),
    ]
    append(events.current().appender, rows)
    assert read_sessions() == []


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({}, ("direct", None, None)),
        ({"page": {"referrer": "https://www.Search.example/?q=1"}}, ("search.example", "referral", None)),
        ({"page": {"referrer": SHOP + "/cart"}}, ("direct", None, None)),
        ({"campaign": {"source": "news", "medium": "email", "name": "spring"}}, ("news", "email", "spring")),
        ({"campaign": {"name": "spring"}}, ("direct", None, "spring")),
        ({"campaign": "spring", "page": [1]}, ("direct", None, None)),
    ],
)
def test_a_visit_came_from_where_its_first_event_says(
    services: object, context: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    later = {"campaign": {"source": "other", "medium": "other", "name": "other"}}
    append(events.current().appender, [page(0, **context), page(1, **later)])
    (found,) = read_sessions()
    assert (found["source"], found["medium"], found["campaign"]) == expected


def test_a_late_event_joins_two_visits_that_were_closed(services: object) -> None:
    appender = events.current().appender
    append(appender, [page(0, path="/a"), page(50, path="/b")])
    append(appender, [page(60 * 24, "bob")])
    lakes.current().write(sessions.close_sessions)
    assert lakes.current().read_value(lakes.table("sessions").count().as_table()) == 2
    append(appender, [page(25, path="/between")])
    (found,) = read_sessions()
    assert (found["event_count"], found["landing_page"]) == (3, "/a")
    append(appender, [page(-20, path="/before")])
    (found,) = read_sessions()
    assert (found["event_count"], found["landing_page"]) == (4, "/before")


def test_a_batch_of_one_visit_joins_only_what_it_touches(services: object) -> None:
    appender = events.current().appender
    append(appender, [page(0, path="/a"), page(70, path="/b"), page(130, path="/c"), page(100, "bob")])
    append(appender, [page(100, path="/d"), page(110), page(101, "bob")])
    assert [(row["landing_page"], row["event_count"]) for row in read_sessions()] == [("/a", 1), ("/b", 4)]
    append(appender, [page(29, path="/e"), page(31, "carol")])
    assert [(row["landing_page"], row["event_count"]) for row in read_sessions()] == [("/a", 2), ("/b", 4)]
    assert [row["event_count"] for row in read_sessions("bob")] == [2]


def test_many_visits_are_closed_by_the_ticker(services: object) -> None:
    append(events.current().appender, [page(60 * hour) for hour in range(9)])
    assert not customers.compact_when_large(lakes.current(), at_least=100)
    assert lakes.current().read_value(lakes.table("sessions").count().as_table()) == 0
    customers.compact_when_large(lakes.current(), at_least=6)
    assert lakes.current().read_value(lakes.table("sessions").count().as_table()) == 6
    assert len(read_sessions()) == 9


def compute_sessions(rows: list[NewEvent]) -> list[tuple[Any, ...]]:
    """The slow and obvious way: one customer's events in order of time and arrival."""
    found: list[list[NewEvent]] = []
    for row in sorted(rows, key=lambda row: row.occurred_at):
        if row.event in customers.NOT_VISITS:
            continue
        if not found or row.occurred_at - found[-1][-1].occurred_at > timedelta(minutes=30):
            found.append([])
        found[-1].append(row)
    return [describe(visit) for visit in found]


def describe(visit: list[NewEvent]) -> tuple[Any, ...]:
    pages = [row for row in visit if row.type in ("page", "screen")]
    campaign = visit[0].context.get("campaign", {})
    host = urlsplit(visit[0].context.get("page", {}).get("referrer", "")).hostname
    return (
        visit[0].occurred_at,
        visit[-1].occurred_at,
        len(visit),
        len(pages),
        campaign.get("source") or host or "direct",
        campaign.get("medium") if campaign else "referral" if host else None,
        campaign.get("name"),
        pages[0].properties["path"] if pages else None,
    )


CONTEXTS = [
    {},
    {"page": {"referrer": "https://search.example/"}},
    {"campaign": {"source": "news", "medium": "email", "name": "spring"}},
    {"campaign": {"source": "ads", "name": "summer"}},
]


@st.composite
def draw_events(draw: Any) -> list[NewEvent]:
    """Events in order of arrival: few moments, so that many fall together, a session's length apart or on its edge."""
    rows = []
    for _ in range(draw(st.integers(1, 25))):
        at = NOON + timedelta(
            minutes=draw(st.sampled_from([0, 5, 20, 30, 31, 60, 61, 91, 100, 130, 300, 2000]))
        )
        kind = draw(st.sampled_from(["page", "track", "mail"]))
        context = draw(st.sampled_from(CONTEXTS))
        who = {draw(st.sampled_from(["user_id", "anonymous_id"])): draw(st.sampled_from(["1", "2"]))}
        event = {"page": None, "track": "Product Viewed", "mail": "Email Opened"}[kind]
        path = {"path": draw(st.sampled_from(["/", "/a", "/b"]))} if kind == "page" else {}
        rows.append(
            NewEvent(
                *("page" if kind == "page" else "track", event, path, at),
                context=context,
                source="web",
                **who,
            )
        )
    return rows


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=draw_events(),
    sizes=st.lists(st.integers(1, 9), min_size=7, max_size=7),
    closes=st.lists(st.booleans(), min_size=7, max_size=7),
    merges_after=st.integers(0, 25),
)
def test_batches_in_any_order_give_the_sessions_of_the_whole_history(
    transactional_db: None, rows: list[NewEvent], sizes: list[int], closes: list[bool], merges_after: int
) -> None:
    """Visitor 1 signs in as customer 1 at some point; visitor 2 and customer 2 stay apart."""
    for model in (Merge, Identifier, Customer):
        model.objects.all().delete()
    sign_in = NewEvent("identify", None, {}, NOON, user_id="1", anonymous_id="1", source="web")
    arriving = [*rows[:merges_after], sign_in, *rows[merges_after:]]
    with lakes.opened(lakes.open_memory()) as lake:
        folds = (customers.fold_batch, customers.fold_facts)
        appender = events.Appender(lake, customers.BatchIdentities(), folds)
        start = 0
        for size, is_closing in zip(sizes, closes, strict=True):
            append(appender, arriving[start : start + size])
            start += size
            if is_closing:
                lake.write(sessions.close_sessions)
        append(appender, arriving[start:])
        built = lake.read_rows(customers.build_sessions().order_by("started_at"))
        for owner in ("1", "anonymous 2", "user 2"):
            mine = [row for row in rows if get_owner(row) == owner]
            number = find_id(owner)
            found = [tuple(row[name] for name in FIELDS) for row in built if row["customer_id"] == number]
            assert found == compute_sessions(mine)


def get_owner(row: NewEvent) -> str:
    if "1" in (row.user_id, row.anonymous_id):
        return "1"
    return "user 2" if row.user_id else "anonymous 2"


def find_id(owner: str) -> int | None:
    kind, _, value = owner.rpartition(" ")
    chosen = Identifier.objects.filter(value=value)
    if kind:
        chosen = chosen.filter(kind="user_id" if kind == "user" else "anonymous_id")
    found = chosen.first()
    return found.customer_id if found else None


def test_a_lake_that_has_events_gets_their_sessions(services: object) -> None:
    """The statements of the migration give what folding gave."""
    append(events.current().appender, [page(0, path="/a"), page(50), page(60 * 24), page(60 * 24, "bob")])
    before = read_sessions()
    table = lakes.table("open_sessions")
    folded = lakes.current().read_rows(table.order_by("started_at", "customer_id"))

    def fill_again(tx: lakes.Transaction) -> None:
        tx.execute("TRUNCATE open_sessions")
        for statement in FILL_SESSIONS:
            tx.execute(statement)

    lakes.current().write(fill_again)
    assert read_sessions() == before
    both = lakes.table("sessions").union(table).order_by("started_at", "customer_id")
    assert lakes.current().read_rows(both) == folded
    append(events.current().appender, [page(60 * 24 + 5)])
    assert [row["event_count"] for row in read_sessions()] == [1, 1, 2]
