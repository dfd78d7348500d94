"""Scoring by cut-points in the engine gives what the rules say, customer by customer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.lake.api import Transaction
from tenure.segments.rfm import library, queries
from tenure.segments.rfm.cutpoints import Cutpoints, compute_cutpoints
from tenure.segments.rfm.measures import build_measures, build_order_gaps
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.tests import reference
from tenure.segments.rfm.tests.reference import Order, Person

AS_OF = date(2026, 6, 30)
START = date(2025, 1, 1)
KEPT = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)

amounts = st.sampled_from([Decimal(text) for text in ("0", "5", "9.9900", "10", "20.5", "100", "0.0002")])
orders = st.builds(
    lambda day, amount, refunded: Order(START + timedelta(days=day), amount, refunded * amount),
    st.integers(0, (AS_OF - START).days),
    amounts,
    st.sampled_from([Decimal(0), Decimal(0), Decimal("0.5"), Decimal(1)]),
)
credit_notes = st.builds(
    lambda day, refunded: Order(START + timedelta(days=day), Decimal(0), refunded),
    st.integers(0, (AS_OF - START).days),
    st.sampled_from([Decimal(3), Decimal(40)]),
)
persons = st.builds(Person, st.booleans(), st.lists(orders | credit_notes, max_size=9))
crowds = st.lists(persons, min_size=1, max_size=25)
large_crowds = st.builds(
    lambda crowd, times: crowd * times, st.lists(persons, min_size=10, max_size=25), st.integers(3, 6)
)

Run = Callable[..., Any]


def score_people(
    run: Run, people: list[Person], preset: Preset, as_of_on: date = AS_OF
) -> list[dict[str, Any]]:
    def work(tx: Transaction, orders: ibis.Table, customers: ibis.Table) -> list[dict[str, Any]]:
        measures = build_measures(orders, customers, preset, as_of_on)
        gaps = build_order_gaps(orders, preset, as_of_on)
        cutpoints = compute_cutpoints(tx, measures, gaps, preset, as_of_on)
        assert Cutpoints.from_json(cutpoints.to_json()) == cutpoints
        scored = queries.build_scored(orders, customers, preset, cutpoints, as_of_on)
        return tx.read_rows(scored.order_by("customer_id"))

    rows: list[dict[str, Any]] = run(people, START, work)
    return rows


@KEPT
@given(crowds | large_crowds)
def test_lifecycle_scores_and_segments_are_the_definition(with_people: Run, people: list[Person]) -> None:
    rows = score_people(with_people, people, library.get_preset())
    wanted = reference.score_lifecycle(people, AS_OF)
    assert [(row["order_count"], row["r"], row["f"], row["m"]) for row in rows] == [
        (one.n, one.r, one.f, one.m) for one in wanted
    ]
    assert [row["segment"] for row in rows] == [
        reference.name_lifecycle_segment(one, person.is_contact_known)
        for one, person in zip(wanted, people, strict=True)
    ]


@KEPT
@given(crowds | large_crowds)
def test_industry_scores_are_the_definition(with_people: Run, people: list[Person]) -> None:
    rows = score_people(with_people, people, library.get_preset("industry"))
    wanted = reference.score_industry(people, AS_OF)
    assert [(row["r"], row["f"], row["m"]) for row in rows] == [(one.r, one.f, one.m) for one in wanted]


@KEPT
@given(crowds, st.sampled_from(["lifecycle", "industry"]))
def test_every_customer_is_in_exactly_one_segment(with_people: Run, people: list[Person], name: str) -> None:
    preset = library.get_preset(name)
    rows = score_people(with_people, people, preset)
    assert [row["customer_id"] for row in rows] == list(range(1, len(people) + 1))
    assert all(row["segment"] in {segment.name for segment in preset.segments} for row in rows)
    assert all(row["phase"] == preset.get_segment(row["segment"]).phase for row in rows)


@KEPT
@given(crowds, st.randoms(use_true_random=False), st.sampled_from(["lifecycle", "industry"]))
def test_the_order_of_rows_never_matters(
    with_people: Run, people: list[Person], random: Any, name: str
) -> None:
    preset = library.get_preset(name)
    before = [
        tuple(row[key] for key in ("r", "f", "m", "segment"))
        for row in score_people(with_people, people, preset)
    ]
    places = list(range(len(people)))
    random.shuffle(places)
    turned = [replace(people[place], orders=people[place].orders[::-1]) for place in places]
    after = score_people(with_people, turned, preset)
    for place, row in zip(places, after, strict=True):
        assert tuple(row[key] for key in ("r", "f", "m", "segment")) == before[place]


@pytest.mark.parametrize("name", ["lifecycle", "industry"])
def test_equal_customers_share_a_score(with_people: Run, name: str) -> None:
    twin = Person(False, [Order(date(2026, 5, 1), Decimal(10)), Order(date(2026, 6, 1), Decimal(10))])
    others = [Person(False, [Order(date(2026, 1, 1 + n % 28), Decimal(n + 1))]) for n in range(60)]
    rows = score_people(with_people, [twin, *others, twin, twin], library.get_preset(name))
    keys = ("r", "f", "m", "segment")
    assert {tuple(rows[place][key] for key in keys) for place in (0, 61, 62)} == {
        tuple(rows[0][key] for key in keys)
    }


def test_two_orders_are_no_five_in_a_shop_of_one_time_buyers(with_people: Run) -> None:
    once = [Person(False, [Order(date(2026, 6, 1), Decimal(10))])] * 99
    twice = Person(False, [Order(date(2026, 5, 1), Decimal(10)), Order(date(2026, 6, 1), Decimal(10))])
    rows = score_people(with_people, [*once, twice], library.get_preset())
    assert [row["f"] for row in rows] == [1] * 99 + [2]


def test_a_refund_in_full_makes_an_order_none_and_a_credit_note_lowers_revenue(with_people: Run) -> None:
    refunded = Person(True, [Order(date(2026, 6, 1), Decimal(10), Decimal(10))])
    credited = Person(
        False, [Order(date(2026, 6, 1), Decimal(10)), Order(date(2026, 6, 2), Decimal(0), Decimal(4))]
    )
    rows = score_people(with_people, [refunded, credited], library.get_preset())
    assert (rows[0]["order_count"], rows[0]["segment"]) == (0, "Loyal Visitors")
    assert (rows[1]["order_count"], rows[1]["revenue"]) == (1, Decimal(6))
    assert rows[1]["days_since_last_order"] == 29


def test_orders_and_people_after_the_day_are_not_there_yet(with_people: Run) -> None:
    people = [Person(False, [Order(date(2026, 6, 1), Decimal(10)), Order(AS_OF, Decimal(10))]), Person(True)]
    rows = score_people(with_people, people, library.get_preset(), date(2026, 6, 29))
    assert [row["order_count"] for row in rows] == [1, 0]
    assert score_people(with_people, people, library.get_preset(), date(2024, 6, 1)) == []
