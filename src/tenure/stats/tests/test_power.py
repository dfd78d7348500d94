"""Sample sizes and detectable differences.

Reference: J. L. Fleiss, Statistical Methods for Rates and Proportions; unpooled normal approximation.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.stats.lift import Counts, compute_share_difference
from tenure.stats.power import (
    PowerReason,
    compute_detectable_mean_difference,
    compute_detectable_share_difference,
    compute_mean_sample_size,
    compute_share_sample_size,
)


def test_a_half_sigma_needs_63_people_an_arm():
    """2 (1.960 + 0.842)^2 / 0.5^2 = 62.8 an arm, the textbook value for 80 % power."""
    assert compute_mean_sample_size(1.0, 0.5).people_count == 126


def test_ten_to_fifteen_percent_needs_683_people_an_arm():
    """(1.960 + 0.842)^2 (0.1 * 0.9 + 0.15 * 0.85) / 0.05^2 = 682.9 an arm."""
    assert compute_share_sample_size(0.10, 0.05).people_count == pytest.approx(2 * 683, abs=1)


def test_an_uneven_split_needs_more_people():
    even = compute_share_sample_size(0.10, 0.05).people_count
    assert compute_share_sample_size(0.10, 0.05, control_share=0.1).people_count > 2 * even


def test_no_difference_can_never_be_seen():
    assert compute_share_sample_size(0.1, 0).reason is PowerReason.NO_DIFFERENCE
    assert compute_mean_sample_size(1.0, 0).people_count is None


@pytest.mark.parametrize(("base", "difference"), [(0.9, 0.2), (0.1, -0.2), (1.2, -0.5)])
def test_a_share_outside_0_to_1_is_out_of_range(base, difference):
    assert compute_share_sample_size(base, difference).reason is PowerReason.OUT_OF_RANGE


@pytest.mark.parametrize("share", [0, 1])
def test_both_arms_need_a_share(share):
    with pytest.raises(ValueError, match="control_share"):
        compute_share_sample_size(0.1, 0.1, control_share=share)
    with pytest.raises(ValueError, match="control_share"):
        compute_mean_sample_size(1, 1, control_share=share)


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.3), st.floats(0.05, 0.5))
def test_the_size_for_a_difference_detects_that_difference(base, difference, control_share):
    people = compute_share_sample_size(base, difference, control_share).people_count
    control = max(1, round(people * control_share))
    seen = compute_detectable_share_difference(base, max(1, people - control), control)
    assert people < 200 or seen.difference == pytest.approx(difference, rel=0.05)


def test_mean_size_and_detectable_difference_are_inverse():
    people = compute_mean_sample_size(40.0, 2.0).people_count
    assert compute_detectable_mean_difference(40.0, people // 2, people // 2).difference == pytest.approx(
        2, rel=1e-3
    )


def test_empty_arms_detect_nothing_and_say_so():
    assert compute_detectable_share_difference(0.1, 0, 5).reason is PowerReason.TOO_FEW
    assert compute_detectable_mean_difference(1.0, 5, 0).reason is PowerReason.TOO_FEW


def test_a_handful_cannot_detect_any_share():
    assert compute_detectable_share_difference(0.5, 2, 2).reason is PowerReason.TOO_FEW


@pytest.mark.parametrize("base", [-0.1, 1.0])
def test_nothing_rises_over_everybody(base):
    assert compute_detectable_share_difference(base, 100, 100).reason is PowerReason.OUT_OF_RANGE


def test_the_promised_power_is_met_in_simulation():
    people = compute_share_sample_size(0.10, 0.03, control_share=0.3).people_count
    control = round(people * 0.3)
    random = np.random.default_rng(7)
    treated = random.binomial(people - control, 0.13, 1_000)
    held = random.binomial(control, 0.10, 1_000)
    seen = sum(
        compute_share_difference(Counts(people - control, int(a)), Counts(control, int(b))).p_value < 0.05
        for a, b in zip(treated, held, strict=True)
    )
    assert 760 <= seen <= 840
