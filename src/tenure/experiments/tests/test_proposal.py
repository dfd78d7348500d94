"""How many to hold out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.experiments.api import propose_control_share


def test_ten_percent_of_many_is_enough():
    found = propose_control_share(50_000, 0.04)
    assert (found.control_share, found.is_enough) == (0.10, True)
    assert found.expected_control_buyers == pytest.approx(200)
    assert found.sentence.startswith("10% are enough: about 200 buyers are expected in the control group.")


def test_ten_percent_of_few_is_too_few_and_more_is_proposed():
    found = propose_control_share(10_000, 0.04)
    assert (found.control_share, found.is_enough) == (0.25, False)
    assert "Hold out 25% instead." in found.sentence


def test_at_most_half_is_held_out_and_the_sentence_says_what_that_means():
    found = propose_control_share(1_000, 0.05)
    assert found.control_share == 0.5
    assert "even half of all would bring about 25" in found.sentence
    assert "conversion" in found.sentence


def test_the_sentence_says_what_rise_would_be_seen():
    found = propose_control_share(50_000, 0.04)
    assert found.detectable_difference == pytest.approx(0.0087, abs=5e-4)
    assert "from 4% to 4.8%" in found.sentence


def test_no_control_group_means_no_proof():
    found = propose_control_share(50_000, 0.04, asked_share=0)
    assert (found.control_share, found.is_enough) == (0.10, False)


@pytest.mark.parametrize("share", [None, 0.0])
def test_unknown_buying_is_said_not_guessed(share):
    found = propose_control_share(5_000, share)
    assert found.expected_control_buyers is None
    assert "unknown" in found.sentence


def test_nobody_eligible_is_said():
    assert propose_control_share(0, 0.1).sentence == "Nobody would get this campaign."


def test_an_audience_that_always_buys_cannot_rise():
    assert propose_control_share(5_000, 1.0).detectable_difference is None


def test_more_than_half_is_refused():
    with pytest.raises(ValueError, match=r"0 and 0\.5"):
        propose_control_share(100, 0.1, asked_share=0.6)


@given(st.integers(1, 10**7), st.floats(0.0001, 1), st.floats(0.01, 0.5))
def test_what_is_proposed_is_enough_or_half(eligible, buyers, asked):
    found = propose_control_share(eligible, buyers, asked)
    assert asked <= found.control_share <= 0.5
    assert found.control_share == 0.5 or eligible * buyers * found.control_share >= 100 - 1e-3
