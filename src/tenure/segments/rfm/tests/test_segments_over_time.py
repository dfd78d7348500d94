"""Refresh, live re-scoring, ageing, the past, and where customers went."""

from datetime import UTC, date, datetime, timedelta

import ibis
import pytest

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.config.testing_postgresql import ON_EVERY_ENGINE
from tenure.lake import api as lakes
from tenure.segments import api
from tenure.segments.rfm.explain import explain_segment
from tenure.segments.rfm.runs import build_lake_scored
from tenure.segments.rfm.tests.conftest import Shop

pytestmark = [pytest.mark.django_db, ON_EVERY_ENGINE]

TODAY = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def ids(*customer_ids: int) -> ibis.Table:
    customers = lakes.table("customers")
    return customers.filter(customers.customer_id.isin(customer_ids)).select("customer_id")


def rescore(shop: Shop, *customer_ids: int) -> int:
    shop.total()
    return shop.lake.write(lambda tx: api.rescore(tx, ids(*customer_ids)))


def build_small_shop(shop: Shop) -> None:
    """Three customers: 1 bought in March and May, 2 in June, 3 left an address in April."""
    for customer_id, day, has_contact in (
        (1, date(2026, 3, 1), False),
        (2, date(2026, 6, 1), False),
        (3, date(2026, 4, 1), True),
    ):
        shop.see(customer_id, day, has_contact)
    shop.order(1, date(2026, 3, 1), 10)
    shop.order(1, date(2026, 5, 20), 30)
    shop.order(2, date(2026, 6, 1), 20)
    shop.total()


def test_a_refresh_writes_scores_segments_and_cut_points(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        result = api.refresh()
    assert (result.as_of_on, result.preset, result.customers_count) == (TODAY, "lifecycle", 3)
    assert shop.segments() == {1: "Recent Customers", 2: "First-time Customers", 3: "Loyal Visitors"}
    rows = shop.lake.read_rows(
        lakes.table("customers").order_by("customer_id").select("r", "f", "m", "phase")
    )
    assert rows[0] == {"r": 4, "f": 2, "m": 3, "phase": "Retention"}
    assert rows[2] == {"r": None, "f": None, "m": None, "phase": "Acquisition"}
    stored = api.find_stored_cutpoints(shop.lake, api.get_preset(), TODAY)
    assert stored == result.cutpoints
    assert stored is not None and stored.scored_count == 2


def test_a_scoring_of_the_same_day_replaces_the_one_before(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        api.refresh()
        api.refresh()
    scorings = lakes.table("rfm_scorings")
    rows = shop.lake.read_rows(scorings.group_by("as_of_on").agg(n=scorings.count()))
    assert {row["n"] for row in rows} == {1}


def test_a_shop_with_a_past_is_given_the_ends_of_its_months(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        result = api.refresh()
        again = api.refresh()
    assert result.backfilled_days == (date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31))
    assert again.backfilled_days == ()
    told = [(customer_id, segment, since_at.date()) for customer_id, segment, since_at in shop.history()]
    assert told == [
        (1, "First-time Customers", date(2026, 3, 31)),
        (1, "Recent Customers", date(2026, 5, 31)),
        (2, "First-time Customers", TODAY),
        (3, "Loyal Visitors", date(2026, 4, 30)),
    ]


def test_a_young_shop_gets_no_past_and_a_long_one_24_months(shop: Shop) -> None:
    shop.see(1, date(2026, 5, 1))
    shop.order(1, date(2026, 5, 1), 10)
    shop.total()
    with clock.virtual(NOON):
        assert api.refresh().backfilled_days == ()
    shop.lake.write(lambda tx: tx.execute("DELETE FROM rfm_scorings") and None)
    shop.order(1, date(2022, 5, 1), 10)
    with clock.virtual(NOON):
        days = api.refresh().backfilled_days
    assert (len(days), days[0], days[-1]) == (24, date(2024, 6, 30), date(2026, 5, 31))


def test_a_past_day_is_told_as_it_was_known_then(shop: Shop) -> None:
    """The order of March was refunded in April: at the end of March it still counted."""
    for customer_id in (1, 2):
        shop.see(customer_id, date(2026, 3, 1))
    first = shop.order(1, date(2026, 3, 1), 10)
    shop.order(2, date(2026, 3, 1), 10)
    shop.refund(1, date(2026, 4, 20), first)
    shop.total()
    with clock.virtual(NOON):
        api.refresh()
    assert [
        (segment, since_at.date()) for customer_id, segment, since_at in shop.history() if customer_id == 1
    ] == [
        ("First-time Customers", date(2026, 3, 31)),
        ("Engaged Visitors", date(2026, 4, 30)),
    ]
    scorings = lakes.table("rfm_scorings")
    rows = shop.lake.read_rows(scorings.order_by("as_of_on").select("customers", "as_of_on"))
    assert [row["as_of_on"] for row in rows] == [
        date(2026, 3, 31),
        date(2026, 4, 30),
        date(2026, 5, 31),
        TODAY,
    ]


def test_a_broken_off_backfill_goes_on(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        api.refresh()
        shop.lake.write(
            lambda tx: tx.execute("DELETE FROM rfm_scorings WHERE as_of_on > DATE '2026-04-30'") and None
        )
        assert api.refresh().backfilled_days == (date(2026, 5, 31),)


def test_a_new_order_moves_a_customer_at_once(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON) as time:
        api.refresh()
        time.advance(hours=1)
        shop.order(2, TODAY, 50)
        assert rescore(shop, 2) == 1
        assert rescore(shop, 1, 2, 3) == 0
    assert shop.segments()[2] == "Recent Customers"
    assert shop.history()[-2] == (2, "Recent Customers", NOON + timedelta(hours=1))


def test_the_bars_of_a_new_shop_hold_before_the_first_scoring(shop: Shop) -> None:
    shop.see(1, TODAY)
    with clock.virtual(NOON):
        rescore(shop, 1)
        assert shop.segments() == {1: "Engaged Visitors"}
        shop.order(1, TODAY, 10)
        rescore(shop, 1)
    assert shop.segments() == {1: "First-time Customers"}
    assert [segment for _, segment, _ in shop.history()] == ["Engaged Visitors", "First-time Customers"]


def test_nobody_to_score_keeps_no_cut_points(shop: Shop) -> None:
    shop.see(1, TODAY)
    with clock.virtual(NOON):
        api.refresh()
    assert shop.segments() == {1: "Engaged Visitors"}
    assert api.find_stored_cutpoints(shop.lake, api.get_preset(), TODAY) is None


def test_recency_falls_on_the_day_a_cut_point_is_crossed(shop: Shop) -> None:
    """In a young shop the rhythm is 45 days: 4 up to the 45th day, 3 from the 46th, 2 from the 91st."""
    build_small_shop(shop)
    with clock.virtual(NOON) as time:
        api.refresh()
        time.move_to(datetime(2026, 7, 4, 9, tzinfo=UTC))
        assert api.age() == 1
        assert shop.segments()[1] == "Recent Customers"
        assert api.age(date(2026, 7, 5)) == 1
        assert api.age(date(2026, 7, 5)) == 0
        assert shop.segments()[1] == "Promising Customers"
        assert api.age(date(2026, 8, 18)) == 1
        assert api.age(date(2026, 8, 19)) == 1
        assert shop.segments()[1] == "Falling Asleep Customers"


def test_any_day_can_be_asked_with_the_cut_points_that_held(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        api.refresh(TODAY)
        shop.refund(1, date(2026, 6, 14), "o1")
        shop.total()
        past = {
            row.segment: row.customers_count
            for row in api.compute_rfm("lifecycle", date(2026, 6, 13)).segments
        }
        now = {row.segment: row.customers_count for row in api.compute_rfm("lifecycle").segments}
        fresh = api.compute_rfm("industry", date(2026, 4, 15))
    assert (past["Recent Customers"], past["First-time Customers"], past["Loyal Visitors"]) == (1, 1, 1)
    assert (now["Recent Customers"], now["Loyal Visitors"]) == (0, 1)
    assert api.compute_rfm("lifecycle", date(2026, 6, 13)).cutpoints.as_of_on == date(2026, 5, 31)
    assert (fresh.customers_count, fresh.cutpoints.as_of_on) == (2, date(2026, 4, 15))
    assert api.find_stored_cutpoints(shop.lake, api.get_preset("industry"), TODAY) is None


def test_totals_kept_with_customers_score_like_the_orders_themselves(shop: Shop) -> None:
    build_small_shop(shop)
    shop.refund(2, date(2026, 6, 2), "elsewhere", 3)
    shop.order(2, date(2026, 6, 3), 8)
    shop.total()
    preset = api.get_preset()
    cutpoints = api.get_cutpoints(shop.lake, preset, TODAY)
    quick = shop.lake.read_rows(
        build_lake_scored(shop.lake, preset, cutpoints, TODAY).order_by("customer_id")
    )
    shop.see(4, date(2026, 7, 1))
    shop.order(4, date(2026, 7, 1), 1)
    shop.total()
    slow = shop.lake.read_rows(build_lake_scored(shop.lake, preset, cutpoints, TODAY).order_by("customer_id"))
    assert quick == slow
    assert [row["revenue"] for row in slow] == [40, 25, 0]


def test_a_past_refresh_shows_that_day_and_a_day_to_come_is_refused(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        api.refresh()
        api.refresh(date(2026, 4, 10))
        assert shop.segments()[1] == "First-time Customers"
        api.refresh()
        assert shop.segments()[1] == "Recent Customers"
        with pytest.raises(TenureError, match="still to come"):
            api.refresh(date(2026, 6, 16))


def test_movements_between_two_days_add_up(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        api.refresh()
        moves = api.compute_migration(date(2026, 3, 15), TODAY)
    assert {(move.from_segment, move.to_segment): move.customers_count for move in moves} == {
        ("First-time Customers", "Recent Customers"): 1,
        (api.NOT_YET, "First-time Customers"): 1,
        (api.NOT_YET, "Loyal Visitors"): 1,
    }


def test_the_map_and_the_segments_count_the_same_customers(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        result = api.compute_rfm()
        rows = shop.lake.read_rows(api.build_rfm())
        members = shop.lake.read_rows(api.build_rfm("industry"))
    assert result.customers_count == len(rows) == len(members) == 3
    assert {(cell.r, cell.f): (cell.customers_count, cell.segment) for cell in result.heatmap} == {
        (4, 2): (1, "Recent Customers"),
        (5, 1): (1, "First-time Customers"),
    }
    assert sum(row.revenue_amount for row in result.segments) == 60


def test_members_of_a_segment_are_who_is_in_it_now(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        api.refresh()
        mine = shop.lake.read_rows(api.build_members("Recent Customers"))
        other = shop.lake.read_rows(api.build_members("No order yet", "industry"))
    assert mine == [{"customer_id": 1}]
    assert other == [{"customer_id": 3}]
    with pytest.raises(TenureError, match="has no segment 'Nobody'"):
        api.build_members("Nobody")


def test_the_reason_for_a_segment_names_its_rule(shop: Shop) -> None:
    build_small_shop(shop)
    with clock.virtual(NOON):
        rows = {row["customer_id"]: row for row in shop.lake.read_rows(api.build_rfm())}
    preset = api.get_preset()
    assert explain_segment(rows[1], preset) == (
        "Recent Customers: a recency score of at least 4 and 2 orders. Here: 2 paid orders, the last one 26 days ago; "
        "scores recency 4, frequency 2, monetary 3 of 5."
    )
    assert explain_segment(rows[3], preset).endswith(
        "There is no paid order (one refunded in full or of no amount is none), so there are no scores."
    )
