from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tenure.base import clock
from tenure.web.templatetags import figures

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"), [(1476, "1,476"), (0, "0"), (None, "–"), (Decimal("12.6"), "13"), ("", "–")]
)
def test_counts(value, text):
    assert figures.count(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.153, "15%"), (0, "0%"), (0.001, "<1%"), (1, "100%"), (None, "–")]
)
def test_shares(share, text):
    assert figures.percent(share) == text


def test_amounts_are_in_the_shops_currency(monkeypatch):
    monkeypatch.setenv("TENURE_CURRENCY", "usd")
    assert figures.amount(Decimal("1234.5")) == "$1,234.50"
    assert figures.whole_amount(Decimal("1234.5")) == "$1,234"
    assert figures.amount(None) == "–"


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=50), "5 hours ago"),
        (timedelta(days=2, hours=6), "2 days ago"),
        (timedelta(days=30), "4 weeks ago"),
        (timedelta(days=400), "13 months ago"),
        (timedelta(days=-2), "in 2 days"),
    ],
)
def test_ages_in_words(age, text):
    assert figures.describe_age(NOW - age, NOW) == text


def test_an_age_carries_its_moment():
    with clock.virtual(NOW):
        html = figures.ago(NOW - timedelta(days=1))
    assert 'title="1 Mar 2026, 09:00 UTC">1 day ago</time>' in html


@pytest.mark.parametrize(("share", "text"), [(-0.001, "0%"), (-0.0, "0%"), (-0.2, "-20%")])
def test_there_is_no_minus_zero(share, text):
    assert figures.percent(share) == text
    assert "-0.0" not in figures.percent(share, 1)


def test_a_count_has_its_noun():
    assert figures.words(1, "customer,customers") == "1 customer"
    assert figures.words(2056, "customer,customers") == "2,056 customers"
    assert figures.words(0, "customer,customers") == "0 customers"


def test_what_a_rule_found_is_written_as_people_write_it():
    found = (1234567, 131.4, Decimal("131.40"), 3.0, 0.0042, Decimal("1E+3"), True, "gold")
    assert [figures.finding(one) for one in found] == [
        "1,234,567", "131.40", "131.40", "3", "0.0042", "1,000", "yes", "gold",
    ]  # fmt: skip
