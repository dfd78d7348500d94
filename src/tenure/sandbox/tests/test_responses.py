"""How people answer mails, and what the planted effect is."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from tenure.base.errors import TenureError
from tenure.sandbox.mailing import Mailing
from tenure.sandbox.proof import build_mailing
from tenure.sandbox.responses import ANNOYED, CLASSES, PERSUADED, SURE_THING, draw_answers
from tenure.sandbox.shop import Shop, build_shop, continue_shop, fork_shop, receive_mailing
from tenure.sandbox.tests.conftest import UNTIL
from tenure.sandbox.truth import Truth, build_truth, compute_true_effect

DAYS = 14


def _list_buyers(shop: Shop) -> np.ndarray:
    return np.unique(shop.history.orders.person)


def _compute_revenue(shop: Shop, until: datetime, mailing: Mailing | None) -> np.ndarray:
    fork = fork_shop(shop)
    if mailing is not None:
        receive_mailing(fork, mailing)
    orders = continue_shop(fork, until).orders
    return np.bincount(orders.person, weights=orders.cents / 100, minlength=len(shop.people))


def test_answers_follow_the_planted_shares() -> None:
    count = 40_000
    for number, wanted in enumerate(CLASSES):
        classes = np.full(count, number, np.int8)
        answers = draw_answers(np.arange(count), np.zeros(count), classes, np.random.default_rng(1))
        opened, clicked = np.isfinite(answers.opened_at), np.isfinite(answers.clicked_at)
        assert opened.mean() == pytest.approx(wanted.open_share, abs=0.01)
        assert clicked.mean() == pytest.approx(wanted.open_share * wanted.click_share, abs=0.01)
        assert np.isfinite(answers.orders_at).mean() == pytest.approx(wanted.extra_order_share, abs=0.01)
        assert np.isfinite(answers.unsubscribes_at).sum() > 0
        assert (answers.clicked_at[clicked] > answers.opened_at[clicked]).all()
        ordered = np.isfinite(answers.orders_at)
        assert (answers.orders_at[ordered] > answers.clicked_at[ordered]).all()


def test_most_people_are_indifferent(shop: Shop) -> None:
    shares = np.bincount(shop.people.response_class, minlength=len(CLASSES)) / len(shop.people)
    assert 0.45 < shares[2] < 0.65
    assert shares[PERSUADED] > shares[ANNOYED] > 0.04
    assert shares[SURE_THING] > 0.1


def test_responses_are_events_with_the_campaign_in_them(shop: Shop) -> None:
    fork = fork_shop(shop)
    people = fork.external_ids.take(pa.array(_list_buyers(shop)))
    sent = build_mailing(5, people, UNTIL).sent.set_column(
        1, "delivery_id", pa.array(range(len(people)), pa.int64())
    )
    receive_mailing(fork, Mailing(5, 'A "quoted" name', "It's here", "https://shop.example/?a=b", sent))
    events = continue_shop(fork, UNTIL + timedelta(days=DAYS)).read()
    with duckdb.connect() as connection:
        connection.register("events", events)
        rows = connection.execute(
            """
            select event, count(*), count(distinct user_id), any_value(properties->>'$.campaign_name'),
                any_value(properties->>'$.email_subject'), count(properties->>'$.link_url'),
                count(distinct properties->>'$.delivery_id')
            from events where properties->>'$.campaign_id' = '5' group by 1 order by 1
            """
        ).fetchall()
    by_event = {row[0]: row[1:] for row in rows}
    assert set(by_event) == {"Email Link Clicked", "Email Opened", "Unsubscribed"}
    opened, clicked = by_event["Email Opened"], by_event["Email Link Clicked"]
    assert opened[0] == opened[1] == opened[5] > clicked[0] > by_event["Unsubscribed"][0] > 0
    assert opened[2:4] == ('A "quoted" name', "It's here")
    assert (opened[4], clicked[4]) == (0, clicked[0])


def test_who_answers_by_links_is_not_answered_for(shop: Shop) -> None:
    fork = fork_shop(shop)
    people = fork.external_ids.take(pa.array(_list_buyers(shop)))
    mailing = build_mailing(5, people, UNTIL)
    sent = mailing.sent.set_column(3, mailing.sent.schema.field(3), pa.repeat(True, len(people)))
    answers = receive_mailing(fork, Mailing(5, "A", "B", "https://shop.example/", sent))
    events = continue_shop(fork, UNTIL + timedelta(days=DAYS)).read()
    assert np.isfinite(answers.opened_at).any()
    assert "Email Opened" not in events["event"].to_pylist()


def test_the_annoyed_unsubscribe_once_and_never_by_themselves_again(shop: Shop) -> None:
    fork = fork_shop(shop)
    people = fork.external_ids.take(pa.array(_list_buyers(shop)))
    answers = receive_mailing(fork, build_mailing(5, people, UNTIL))
    continue_shop(fork, UNTIL + timedelta(days=DAYS))
    left = answers.people[answers.unsubscribes_at < 365 + DAYS]
    assert left.size > 10
    assert fork.people.has_unsubscribed[left].all()


def test_the_true_effect_is_what_happens_on_average_over_many_futures() -> None:
    shop = build_shop(15_000, 200, 11, UNTIL)
    buyers = _list_buyers(shop)
    people = shop.external_ids.take(pa.array(buyers))
    effect = compute_true_effect(build_truth(shop), people, DAYS)
    until = UNTIL + timedelta(days=DAYS)
    differences, conversions, baselines = [], [], []
    for number in range(8):
        fork = fork_shop(shop)
        fork.seed = 100 + number
        treated = _compute_revenue(fork, until, build_mailing(number, people, UNTIL))[buyers]
        fork.seed = 200 + number
        control = _compute_revenue(fork, until, None)[buyers]
        differences.append((treated - control).mean())
        conversions.append((treated > 0).mean() - (control > 0).mean())
        baselines.append(control.mean())
    refunded = effect.revenue_per_person / np.mean(differences)
    assert 0.9 < refunded < 1.06, "net of refunds is a little below gross"
    assert effect.conversion_difference == pytest.approx(np.mean(conversions), abs=0.006)
    assert effect.baseline_revenue_per_person == pytest.approx(np.mean(baselines), rel=0.06)
    assert 0.05 < effect.baseline_conversion < 0.4


def test_a_longer_window_shows_more_of_the_effect(shop: Shop) -> None:
    truth, people = build_truth(shop), shop.external_ids.take(pa.array(_list_buyers(shop)))
    short, long = compute_true_effect(truth, people, 2), compute_true_effect(truth, people, 14)
    assert 0 < short.revenue_per_person < long.revenue_per_person
    assert 0 < short.conversion_difference < long.conversion_difference


def test_the_truth_survives_its_file(shop: Shop, tmp_path: Path) -> None:
    truth = build_truth(shop)
    truth.write(tmp_path / "sandbox" / "truth.parquet")
    read = Truth.read(tmp_path / "sandbox" / "truth.parquet")
    people = shop.external_ids.take(pa.array(_list_buyers(shop)))
    assert read.people.num_rows == truth.people.num_rows == (shop.people.arrives_at < 365).sum()
    assert compute_true_effect(read, people, DAYS) == compute_true_effect(truth, people, DAYS)


def test_strangers_have_no_truth(shop: Shop) -> None:
    with pytest.raises(TenureError, match="nobody with some"):
        compute_true_effect(build_truth(shop), pa.array(["nobody"]), DAYS)
