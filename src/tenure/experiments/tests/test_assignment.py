"""Assignment to arms."""

import numpy as np
import pytest

from tenure.experiments.api import assign_arms, assign_buckets
from tenure.stats.srm import compute_ratio_check


def test_buckets_never_change_between_releases():
    """Golden values: a recorded control group must be found again by whoever recomputes it."""
    ids = np.array([1, 2, 3, 1_000_000, 2**62], dtype=np.int64)
    assert assign_buckets("summer-sale", ids).tolist() == [1952, 4297, 1892, 8607, 6639]


def test_the_same_people_fall_into_the_same_arm_in_any_order():
    ids = np.arange(1, 5_001, dtype=np.int64)
    arms = dict(zip(ids.tolist(), assign_arms("salt", ids, 0.1).tolist(), strict=True))
    turned = ids[::-1].copy()
    assert [arms[i] for i in turned.tolist()] == assign_arms("salt", turned, 0.1).tolist()


def test_a_larger_control_group_keeps_those_already_held_out():
    ids = np.arange(20_000, dtype=np.int64)
    small, large = assign_arms("salt", ids, 0.1), assign_arms("salt", ids, 0.3)
    assert large[small].all()
    assert large.sum() > small.sum()


def test_the_shares_are_met():
    ids = np.arange(1, 200_001, dtype=np.int64)
    held = int(assign_arms("another", ids, 0.1).sum())
    assert not compute_ratio_check((200_000 - held, held), (0.9, 0.1)).is_alarming
    assert abs(held / 200_000 - 0.1) < 0.003


def test_buckets_are_even():
    counts = np.bincount(assign_buckets("even", np.arange(200_000, dtype=np.int64)) // 100, minlength=100)
    assert not compute_ratio_check(counts.tolist(), [1] * 100).is_alarming


def test_two_campaigns_hold_out_unrelated_people():
    ids = np.arange(100_000, dtype=np.int64)
    both = assign_arms("first", ids, 0.2) & assign_arms("second", ids, 0.2)
    assert 0.037 < both.mean() < 0.043


@pytest.mark.parametrize(("share", "held"), [(0.0, 0), (1.0, 1_000)])
def test_nobody_and_everybody_are_exact(share, held):
    assert assign_arms("salt", np.arange(1_000, dtype=np.int64), share).sum() == held


def test_nobody_to_assign_gives_nobody():
    assert assign_arms("salt", np.array([], dtype=np.int64), 0.1).tolist() == []


def test_a_share_over_one_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        assign_arms("salt", np.array([1]), 1.5)
