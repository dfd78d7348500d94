"""Past days scored one from the other agree with each day counted on its own."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.segments import api
from tenure.segments.rfm.measures import build_measures, end_of
from tenure.segments.rfm.queries import score
from tenure.segments.rfm.runs import build_lake_scored, find_fresh_cutpoints
from tenure.segments.rfm.tests.conftest import Shop

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def build_busy_shop(shop: Shop) -> None:
    """60 customers over half a year; every fifth order is refunded in part or whole, weeks later."""
    random = np.random.default_rng(5)
    for customer_id in range(1, 61):
        first = date(2026, 1, 1) + timedelta(days=int(random.integers(0, 120)))
        shop.see(customer_id, first, has_contact=bool(random.integers(0, 2)))
        for number in range(int(random.integers(0, 7))):
            day = first + timedelta(days=int(random.integers(0, 40)) * number)
            if day >= NOON.date():
                continue
            order_id = shop.order(customer_id, day, int(random.integers(5, 200)))
            back = day + timedelta(days=int(random.integers(1, 50)))
            if random.integers(0, 5) == 0 and back < NOON.date():
                shop.refund(customer_id, back, order_id, None if random.integers(0, 2) else 4)
    shop.refund(3, date(2026, 4, 2), "elsewhere", 9)
    shop.order(7, date(2026, 3, 3), 10, "twice")
    shop.order(7, date(2026, 5, 3), 30, "twice")
    shop.total()


def test_backfilled_days_count_as_compute_rfm_counts_them(shop: Shop) -> None:
    build_busy_shop(shop)
    with clock.virtual(NOON):
        days = api.refresh().backfilled_days
        assert len(days) == 5
        told = shop.history()
        for day in days:
            last = {
                who: segment for who, segment, at in sorted(told, key=lambda row: row[2]) if at < end_of(day)
            }
            counted = {row.segment: row.customers_count for row in api.compute_rfm(as_of_on=day).segments}
            assert Counter(last.values()) == Counter(counted)
            assert api.find_stored_cutpoints(shop.lake, api.get_preset(), day) == find_fresh_cutpoints(
                shop.lake, api.get_preset(), day
            )


def test_any_day_measures_as_all_orders_of_that_time_do(shop: Shop) -> None:
    build_busy_shop(shop)
    preset = api.get_preset()
    for day in (date(2026, 2, 10), date(2026, 4, 30), date(2026, 6, 10), date(2026, 6, 15)):
        cutpoints = find_fresh_cutpoints(shop.lake, preset, day)
        quick = build_lake_scored(shop.lake, preset, cutpoints, day)
        orders = customers_api.build_orders(end_of(day))
        slow = score(build_measures(orders, customers_api.build_customers(), preset, day), preset, cutpoints)
        assert shop.lake.read_rows(quick.order_by("customer_id")) == shop.lake.read_rows(
            slow.order_by("customer_id")
        )


def test_orders_of_a_time_are_folded_with_all_that_followed(shop: Shop) -> None:
    build_busy_shop(shop)
    since, until = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    orders = customers_api.build_orders()
    march = orders.filter(
        orders.ordered_at >= since.replace(tzinfo=None), orders.ordered_at < until.replace(tzinfo=None)
    )
    keys = ("customer_id", "order_id")
    found = shop.lake.read_rows(customers_api.build_orders_between(since, until).order_by(*keys))
    assert found == shop.lake.read_rows(march.order_by(*keys))
    assert any(row["order_id"] == "twice" and row["amount"] == 30 for row in found)


def test_movements_show_what_came_in_within_a_minute(shop: Shop) -> None:
    build_busy_shop(shop)
    with clock.virtual(NOON) as time:
        api.refresh()
        count = sum(row.customers_count for row in api.compute_migration(date(2026, 5, 16), NOON.date()))
        shop.see(99, NOON.date())
        time.advance(seconds=60)
        after = sum(row.customers_count for row in api.compute_migration(date(2026, 5, 16), NOON.date()))
    assert (count, after) == (60, 61)


def test_scores_of_most_customers_go_straight_into_the_main_part(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure.customers.scores._LARGE_DELTA", 10)
    build_busy_shop(shop)
    with clock.virtual(NOON):
        api.refresh()
    assert len(shop.segments()) == 60
    assert None not in shop.segments().values()
    assert shop.lake.read_value(lakes.table("customers_delta").count().as_table()) == 0
    assert shop.lake.read_value(lakes.table("customers_main").count().as_table()) == 60
