"""Which company a customer belongs to, and what is known of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tenure.config.testing_postgresql import ON_EVERY_ENGINE
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.events.batch import NewEvent, build_batch
from tenure.lake import api as lakes

pytestmark = ON_EVERY_ENGINE
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def group(user_id: str, company: str, hour: int = 0, **traits: Any) -> tuple[Any, ...]:
    row = NewEvent(
        "group", company, traits, NOON + timedelta(hours=hour), user_id=user_id, source="web"
    ).as_row(NOON)
    return (*row[:6], company, *row[7:])


def identify(user_id: str, hour: int = 0, **traits: Any) -> tuple[Any, ...]:
    event = NewEvent("identify", None, traits, NOON + timedelta(hours=hour), user_id=user_id, source="web")
    return event.as_row(NOON)


def append(*rows: tuple[Any, ...]) -> None:
    events.current().appender.append(build_batch(rows))


def read_company(user_id: str) -> tuple[str, dict[str, Any]] | None:
    company = customers.find_company(customers.find_customer_id(user_id))
    return (company.id, company.traits) if company else None


def test_the_latest_call_says_where_somebody_belongs(services: object) -> None:
    append(group("alice", "acme", 2), group("alice", "old", 1))
    append(group("alice", "older", 0), group("bob", "old", 1))
    assert read_company("alice") == ("acme", {})
    assert read_company("bob") == ("old", {})
    append(group("alice", "new", 3))
    assert read_company("alice") == ("new", {})


def test_the_traits_of_a_company_come_from_all_who_belong_to_it(services: object) -> None:
    append(group("alice", "acme", 1, name="Acme", plan="pro"))
    append(group("bob", "acme", 0, plan="free", seats=5), group("bob", "acme", 2, name="Acme Ltd"))
    assert read_company("alice") == ("acme", {"name": "Acme Ltd", "plan": "pro", "seats": 5})


def test_the_trait_company_tells_as_much_as_a_group_call(services: object) -> None:
    append(identify("alice", 1, company={"id": 7, "name": "Acme"}), identify("bob", company="Acme"))
    append(identify("bob", 2, company={"name": "Acme"}), group("carol", "7", 2, plan="pro"))
    assert read_company("alice") == ("7", {"id": 7, "name": "Acme", "plan": "pro"})
    assert read_company("bob") is None


def test_who_was_merged_belongs_to_the_company_told_last(services: object) -> None:
    append(group("old", "acme", 1), group("new", "globex", 0))
    alias = NewEvent("alias", None, {}, NOON, user_id="new", source="web").as_row(NOON)
    append((*alias[:5], "old", *alias[6:]))
    assert read_company("new") == ("acme", {})


def test_customers_of_a_company_that_a_batch_tells_of_are_found(services: object) -> None:
    append(group("alice", "acme"), group("bob", "acme"), group("carol", "globex"))
    append(identify("bob", 1, company={"id": "acme", "plan": "pro"}))
    found = lakes.current().write(lambda tx: tx.execute(customers.select_colleagues()).fetchall())
    assert {number for (number,) in found} == {customers.find_customer_id(name) for name in ("alice", "bob")}
