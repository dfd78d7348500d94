"""Differences between two arms.

Golden numbers: MineThatData E-Mail Analytics and Data Mining Challenge (K. Hillstrom, 2008), 64,000 customers.
Counts and sums below are of that file; intervals were computed once with scipy 1.17 on its rows.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.stats.lift import (
    Counts,
    Estimate,
    Reason,
    Sums,
    compute_mean_difference,
    compute_share,
    compute_share_difference,
)

MENS, WOMENS, NONE = "Mens E-Mail", "Womens E-Mail", "No E-Mail"
SPEND = {
    MENS: Sums(21_307, 30_311.69, 6_759_024.4973),
    WOMENS: Sums(21_387, 23_038.11, 4_911_446.5763),
    NONE: Sums(21_306, 13_908.33, 2_870_050.3621),
}
VISITS = {MENS: Counts(21_307, 3_894), WOMENS: Counts(21_387, 3_238), NONE: Counts(21_306, 2_262)}
BUYERS = {MENS: Counts(21_307, 267), WOMENS: Counts(21_387, 189), NONE: Counts(21_306, 122)}


def test_rates_are_the_published_ones():
    assert VISITS[MENS].rate == pytest.approx(0.182757, abs=1e-6)
    assert VISITS[WOMENS].rate == pytest.approx(0.151400, abs=1e-6)
    assert VISITS[NONE].rate == pytest.approx(0.106167, abs=1e-6)
    assert BUYERS[MENS].rate == pytest.approx(0.012531, abs=1e-6)
    assert SPEND[WOMENS].mean == pytest.approx(1.077202, abs=1e-6)
    everybody = SPEND[MENS] + SPEND[WOMENS] + SPEND[NONE]
    assert everybody.mean == pytest.approx(1.05091, abs=1e-5)


@pytest.mark.parametrize(
    ("arm", "value", "z", "low", "high"),
    [(MENS, 0.076590, 22.486, 0.069954, 0.083226), (WOMENS, 0.045233, 13.949, 0.038894, 0.051572)],
)
def test_a_mail_brings_visits(arm, value, z, low, high):
    found = compute_share_difference(VISITS[arm], VISITS[NONE])
    assert found.value == pytest.approx(value, abs=1e-6)
    assert found.statistic == pytest.approx(z, abs=1e-3)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))
    assert found.excludes_zero


@pytest.mark.parametrize(("arm", "value", "z"), [(MENS, 0.006805, 7.3851), (WOMENS, 0.003111, 3.7796)])
def test_a_mail_brings_buyers(arm, value, z):
    found = compute_share_difference(BUYERS[arm], BUYERS[NONE])
    assert found.value == pytest.approx(value, abs=1e-6)
    assert found.statistic == pytest.approx(z, abs=1e-3)


def test_the_p_value_of_the_share_difference_is_two_sided():
    assert compute_share_difference(BUYERS[WOMENS], BUYERS[NONE]).p_value == pytest.approx(0.000157, abs=1e-6)


@pytest.mark.parametrize(
    ("arm", "value", "t", "low", "high"),
    [(MENS, 0.769827, 5.30014, 0.48515, 1.05451), (WOMENS, 0.424412, 3.25637, 0.16896, 0.67986)],
)
def test_a_mail_brings_revenue(arm, value, t, low, high):
    """The reference interval has the normal quantile; Welch's at 40,000 degrees is wider by 0.00001 a side."""
    found = compute_mean_difference(SPEND[arm], SPEND[NONE])
    assert found.value == pytest.approx(value, abs=1e-5)
    assert found.statistic == pytest.approx(t, abs=1e-5)
    reach = 1.959964 * found.standard_error
    assert found.value - reach == pytest.approx(low, abs=1e-5)
    assert found.value + reach == pytest.approx(high, abs=1e-5)
    assert low - 2e-5 < found.low < found.value - reach
    assert found.value + reach < found.high < high + 2e-5


def test_the_p_value_of_the_mean_difference_is_two_sided():
    assert compute_mean_difference(SPEND[WOMENS], SPEND[NONE]).p_value == pytest.approx(0.001129, abs=1e-6)


def test_the_sums_above_are_those_of_the_file(shared_data: Path):
    with (shared_data / "hillstrom.csv").open() as source:
        rows = list(csv.DictReader(source))
    for arm in (MENS, WOMENS, NONE):
        mine = [row for row in rows if row["segment"] == arm]
        spend = np.array([float(row["spend"]) for row in mine])
        assert len(mine) == SPEND[arm].count
        assert spend.sum() == pytest.approx(SPEND[arm].total)
        assert (spend**2).sum() == pytest.approx(SPEND[arm].total_of_squares)
        assert sum(int(row["visit"]) for row in mine) == VISITS[arm].successes
        assert sum(int(row["conversion"]) for row in mine) == BUYERS[arm].successes


@pytest.mark.parametrize(
    ("few", "other"), [(Sums(0, 0, 0), Sums(9, 9, 30)), (Sums(9, 9, 30), Sums(1, 4, 16))]
)
def test_too_few_people_give_no_mean_difference_and_say_why(few, other):
    assert compute_mean_difference(few, other) == Estimate(None, reason=Reason.TOO_FEW)
    assert compute_mean_difference(other, few) == Estimate(None, reason=Reason.TOO_FEW)


def test_arms_without_any_spread_give_no_mean_difference():
    nobody_bought = Sums(500, 0, 0)
    assert compute_mean_difference(nobody_bought, nobody_bought).reason is Reason.NO_VARIATION


def test_an_empty_arm_gives_no_share_difference():
    assert compute_share_difference(Counts(0, 0), Counts(10, 3)).reason is Reason.TOO_FEW
    assert compute_share_difference(Counts(10, 3), Counts(0, 0)).value is None


@pytest.mark.parametrize("successes", [0, 10])
def test_all_alike_gives_no_share_difference(successes):
    assert (
        compute_share_difference(Counts(10, successes), Counts(10, successes)).reason is Reason.NO_VARIATION
    )


def test_an_estimate_without_an_interval_excludes_nothing():
    assert not Estimate(None, reason=Reason.TOO_FEW).excludes_zero
    assert not Estimate(1.0, low=-1.0, high=3.0).excludes_zero
    assert not Estimate(1.0, low=0.5).excludes_zero
    assert Estimate(-1.0, low=-2.0, high=-0.5).excludes_zero


def test_more_successes_than_people_is_refused():
    with pytest.raises(ValueError, match="between 0 and count"):
        Counts(3, 4)


def test_wilson_interval_of_wilsons_kind_of_table():
    """81 of 263: Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3: 0.2553 to 0.3662."""
    found = compute_share(Counts(263, 81))
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)


def test_wilson_interval_of_none_starts_at_zero_and_has_a_width():
    """0 of 20: the same table, 0.0000 to 0.1611."""
    found = compute_share(Counts(20, 0))
    assert found.low == 0
    assert found.high == pytest.approx(0.1611, abs=5e-5)


def test_a_share_of_nobody_is_unknown():
    assert compute_share(Counts(0, 0)).value is None


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_wilson_interval_holds_its_share_and_stays_between_0_and_1(sizes):
    found = compute_share(Counts(*sizes))
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(
    st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=40),
    st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=40),
)
def test_swapping_the_arms_turns_the_sign(first, second):
    one, two = (Sums(len(a), sum(a), sum(x * x for x in a)) for a in (first, second))
    forth, back = compute_mean_difference(one, two), compute_mean_difference(two, one)
    assert forth.reason == back.reason
    if forth.value is not None:
        assert forth.value == pytest.approx(-back.value)
        assert forth.low == pytest.approx(-back.high)


def test_the_interval_covers_the_truth_95_times_in_100():
    """2,000 shops whose customers mostly buy nothing; the planted difference is 1.00 each."""
    random = np.random.default_rng(20260101)
    covered = 0
    for _ in range(2_000):
        treatment = (random.random(1_500) < 0.30) * random.gamma(2.0, 5.0, 1_500)
        control = (random.random(700) < 0.20) * random.gamma(2.0, 5.0, 700)
        found = compute_mean_difference(
            *(Sums(len(a), float(a.sum()), float((a * a).sum())) for a in (treatment, control))
        )
        covered += found.low <= 1.0 <= found.high
    assert 0.93 * 2_000 <= covered <= 0.97 * 2_000
