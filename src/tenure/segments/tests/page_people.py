"""A handful of customers with a known past, at a fixed moment."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tenure.base import clock
from tenure.base.access import create_user
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.lake import api as lakes
from tenure.segments.definitions.definition import parse_segment
from tenure.segments.definitions.library import SavedSegment, get_segment, save_segment
from tenure.segments.models import SegmentDefinition

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


def tell(user: str, *told: tuple[str, float, dict[str, object]], **traits: object) -> None:
    """Events of one customer: name, days ago, properties; and her traits."""
    rows = (
        [events.NewEvent("identify", None, traits, NOW - timedelta(days=90), user_id=user).as_row(NOW)]
        if traits
        else []
    )
    rows += [
        events.NewEvent("track", name, properties, NOW - timedelta(days=days), user_id=user).as_row(NOW)
        for name, days, properties in told
    ]
    events.append_batch(events.build_batch(rows))


def find(user: str) -> int:
    found = customers.find_customer_id(user)
    assert found is not None
    return found


def save(name: str, rule: dict[str, object], **more: object) -> SavedSegment:
    save_segment(parse_segment({"name": name, "rule": rule, **more}), "test")
    return get_segment(name)


def store(name: str, users: Sequence[str], cause: str = "event") -> None:
    """Put customers among the stored members of a segment, an hour ago."""
    saved = get_segment(name)
    word, bit = f"w{saved.slot // lakes.SLOTS_PER_WORD}", 1 << (saved.slot % lakes.SLOTS_PER_WORD)
    others = ", ".join(f"w{n}" for n in range(lakes.MEMBERSHIP_WORDS))
    zeros = ", ".join("0" for _ in range(lakes.MEMBERSHIP_WORDS))

    def work(tx: lakes.Transaction) -> None:
        for user in users:
            ident = find(user)
            row = tx.execute(f"SELECT count(*) FROM memberships_main WHERE customer_id = {ident}").fetchone()
            if not row or not row[0]:
                tx.execute(f"INSERT INTO memberships_main (customer_id, {others}) VALUES ({ident}, {zeros})")
            tx.execute(f"UPDATE memberships_main SET {word} = {word} | {bit} WHERE customer_id = {ident}")
            tx.execute(
                "INSERT INTO membership_changes (segment_id, customer_id, is_entry, changed_at, cause) "
                f"VALUES ({saved.id}, {ident}, true, TIMESTAMP '2026-05-20 11:00:00', '{cause}')"
            )

    lakes.current().write(work)
    row = SegmentDefinition.objects.get(name=name)
    row.built_version = row.version
    row.save()


@pytest.fixture
def people(services: object) -> Iterator[object]:
    """Ada bought twice, Bob looked, Cem bought long ago."""
    with clock.virtual(NOW):
        tell("ada", ("Order Completed", 3, {"order_id": "1", "total": 120}), ("Order Completed", 9, {"order_id": "2", "total": 30}),
             email="ada@example.com", name="Ada", country="DE", plan="gold")  # fmt: skip
        tell(
            "bob",
            ("Product Viewed", 1, {"name": "Beans", "price": 9}),
            email="bob@example.com",
            name="Bob",
            country="FR",
        )
        tell("cem", ("Order Completed", 80, {"order_id": "3", "total": 60}), name="Cem", country="DE")
        yield services


def make_client(role: str) -> Client:
    client = Client()
    client.force_login(create_user(f"{role}@example.com", PASSWORD, role, name=role.capitalize()))
    return client


@pytest.fixture
def marketer(db: None) -> Client:
    return make_client("marketer")


@pytest.fixture
def viewer(db: None) -> Client:
    return make_client("viewer")
