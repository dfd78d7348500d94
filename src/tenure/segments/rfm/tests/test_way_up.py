"""What moves a customer forward: the page says it, a test does it, and she moves."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tenure.base import clock
from tenure.events import api as events
from tenure.lake import api as lakes
from tenure.segments import api
from tenure.segments.rfm.live import age
from tenure.segments.rfm.next_step import LADDER, NextStep, compute_way_up

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)


def tell(user: str, number: int, at: datetime, total: Decimal | None = None) -> events.NewEvent:
    """An order, or, without a total, an e-mail address."""
    is_order = total is not None
    return events.NewEvent(
        type="track" if is_order else "identify", event="Order Completed" if is_order else None, user_id=user,
        properties={"order_id": f"{user}-{number}", "total": float(total)} if total is not None else {"email": f"{user}@example.com"},
        occurred_at=at, message_id=f"{user}-{number}", source="test",
    )  # fmt: skip


def append(told: list[events.NewEvent]) -> None:
    events.append_batch(events.build_batch([event.as_row(clock.now()) for event in told]))


def do(user: str, step: NextStep, less: int = 0) -> None:
    """What a step asks for, each order by `less` smaller."""
    if not step.order_count:
        append([tell(user, 999, clock.now())])
    amount = (step.least_amount or Decimal("0.01")) - less
    for number in range(step.order_count):
        append([tell(user, 900 + number, clock.now(), amount)])


def segment_of(customer_id: int) -> str:
    people = lakes.table("customers")
    found = lakes.current().read_value(people.filter(people.customer_id == customer_id).select("segment"))
    return str(found)


def list_customers() -> list[tuple[int, str]]:
    people = lakes.table("customers")
    rows = lakes.current().read_rows(people.order_by("customer_id").select("customer_id", "external_id"))
    return [(row["customer_id"], row["external_id"]) for row in rows]


@pytest.fixture
def shop(services: object) -> object:
    """Customers with nothing, an address, or one to nine orders at a pace of their own."""
    chance, told = random.Random(3), []
    for number in range(45):
        user, first = f"c{number}", NOW - timedelta(days=chance.uniform(1, 300))
        event = tell(user, 0, first) if number % 9 == 0 else tell(user, 0, first, Decimal(0))
        told.append(event)
        for order in range(0 if number % 9 < 2 else chance.choice((1, 1, 2, 3, 4, 6, 9))):
            at = first + timedelta(days=chance.uniform(0, 40) * order)
            if at < NOW:
                told.append(tell(user, order + 1, at, Decimal(chance.randrange(5, 120))))
    with clock.virtual(NOW):
        append(told)
        api.refresh()
    return services


def test_whoever_does_what_the_nearest_step_says_moves_as_said(shop: object) -> None:
    reached = set()
    with clock.virtual(NOW + timedelta(hours=1)):
        for customer_id, user in list_customers():
            way = compute_way_up(customer_id)
            if way.steps:
                do(user, way.steps[0])
                assert segment_of(customer_id) == way.steps[0].segment
                reached.add(way.steps[0].segment)
    assert len(reached) >= 4
    assert {"Loyal Visitors", "First-time Customers"} <= reached


def test_the_step_into_a_higher_phase_holds_until_its_day_and_not_for_less_money(shop: object) -> None:
    by_money, by_day = 0, 0
    with clock.virtual(NOW + timedelta(hours=1)):
        ways = [(customer_id, user, compute_way_up(customer_id)) for customer_id, user in list_customers()]
    dated = sorted(
        (way.steps[-1].by_on or date.max, number) for number, (_, _, way) in enumerate(ways) if way.steps
    )
    for by_on, number in dated:
        customer_id, user, way = ways[number]
        step = way.steps[-1]
        at = (
            NOW + timedelta(hours=2)
            if by_on == date.max
            else datetime(by_on.year, by_on.month, by_on.day, 20, tzinfo=UTC)
        )
        with clock.virtual(at):
            age()
            if step.least_amount is not None and step.least_amount > 1 and number % 2:
                do(user, step, less=1)
                assert segment_of(customer_id) != step.segment
                by_money += 1
            else:
                do(user, step)
                assert segment_of(customer_id) == step.segment
                by_day += by_on != date.max
    assert by_money >= 1
    assert by_day >= 3


def test_a_day_after_the_date_the_customer_has_fallen(shop: object) -> None:
    with clock.virtual(NOW + timedelta(hours=1)):
        dated = [
            (customer_id, way.steps[0].by_on, segment_of(customer_id))
            for customer_id, _ in list_customers()
            if (way := compute_way_up(customer_id)).steps and way.steps[0].by_on
        ]
    assert dated
    for customer_id, by_on, before in sorted(dated, key=lambda one: one[1] or date.max):
        assert by_on is not None
        last = datetime(by_on.year, by_on.month, by_on.day, 23, tzinfo=UTC)
        with clock.virtual(last + timedelta(hours=3)):
            age()
            assert LADDER.index(segment_of(customer_id)) < LADDER.index(before)


def test_at_the_top_and_out_of_reach_it_is_said_that_there_is_none(shop: object) -> None:
    with clock.virtual(NOW + timedelta(hours=1)):
        ways = {segment_of(customer_id): compute_way_up(customer_id) for customer_id, _ in list_customers()}
    if "Champions" in ways:
        assert ways["Champions"].steps == ()
        assert "top of the lifecycle" in ways["Champions"].reason
    assert compute_way_up(10**9).reason == "This customer is in no segment yet."
    for way in ways.values():
        assert bool(way.steps) != bool(way.reason)


def test_the_ladder_is_the_default_preset() -> None:
    assert sorted(LADDER) == sorted(segment.name for segment in api.get_preset().segments)


def test_a_step_is_said_in_a_sentence() -> None:
    step = NextStep("Loyal Customers", "Veneration", 1, Decimal(40), date(2026, 5, 3))
    assert (
        step.describe("€40")
        == "One more order of at least €40 by 3 May 2026 moves this customer up to Loyal Customers."
    )
    step = NextStep("Loyal Customers", "Veneration", 2, None, None)
    assert step.describe("") == "Two more orders of any amount move this customer up to Loyal Customers."
