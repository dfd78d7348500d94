"""Sample-ratio mismatch."""

import pytest

from tenure.stats.srm import compute_ratio_check


def test_hillstroms_three_arms_are_equal_thirds():
    """MineThatData challenge (K. Hillstrom, 2008): 21,307 / 21,387 / 21,306."""
    found = compute_ratio_check((21_307, 21_387, 21_306), (1, 1, 1))
    assert found.chi_square == pytest.approx(0.2025, abs=1e-4)
    assert found.p_value == pytest.approx(0.904, abs=1e-3)
    assert not found.is_alarming


def test_a_control_group_that_lost_people_raises_the_alarm():
    assert compute_ratio_check((9_300, 700), (0.9, 0.1)).is_alarming


def test_nobody_assigned_is_no_alarm():
    found = compute_ratio_check((0, 0), (0.9, 0.1))
    assert (found.chi_square, found.p_value, found.is_alarming) == (None, None, False)


@pytest.mark.parametrize(("counts", "shares"), [((1,), (1,)), ((1, 2), (1,)), ((1, 2), (0, 1))])
def test_arms_and_shares_must_fit(counts, shares):
    with pytest.raises(ValueError, match="share"):
        compute_ratio_check(counts, shares)
