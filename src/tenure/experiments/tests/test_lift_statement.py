"""What the report may say, and what not."""

import pytest

from tenure.experiments.api import ArmResult, LiftReason, Sums, compute_lift


def make_arm(people: int, buyers: int, each: float) -> ArmResult:
    """`buyers` of `people` spent between half and one and a half of `each`."""
    amounts = [each * (0.5 + i / max(1, buyers - 1)) for i in range(buyers)]
    return ArmResult(Sums(people, sum(amounts), sum(a * a for a in amounts)), buyers)


def test_enough_buyers_give_a_sentence_on_revenue():
    found = compute_lift(make_arm(9_000, 1_800, 50.0), make_arm(1_000, 120, 50.0), 0.1, "EUR")
    assert found.statement.about == "revenue"
    assert found.revenue.value == pytest.approx(4.0)
    assert found.statement.text == ("This campaign earned €4.00 more per customer, between €2.86 and €5.14.")


def test_a_campaign_that_cost_sales_says_less():
    found = compute_lift(make_arm(9_000, 1_080, 50.0), make_arm(1_000, 200, 50.0), 0.1, "EUR")
    assert "earned €4.00 less per customer, between €2." in found.statement.text


def test_an_interval_around_zero_shows_nothing():
    found = compute_lift(make_arm(9_000, 1_100, 50.0), make_arm(1_000, 120, 50.0), 0.1, "EUR")
    assert found.statement.text.startswith("No difference in revenue can be shown: between €")
    assert not found.revenue.excludes_zero


def test_under_100_buyers_in_one_arm_speak_of_conversion():
    found = compute_lift(make_arm(9_000, 1_800, 50.0), make_arm(1_000, 99, 50.0), 0.1, "EUR")
    assert (found.revenue.value, found.revenue.reason) == (None, LiftReason.TOO_FEW_BUYERS)
    assert found.statement.about == "conversion"
    assert found.statement.text.startswith("10.1 more of 100 customers bought, between ")
    assert found.statement.text.endswith("each group needs 100 buyers, and one has 99.")


def test_fewer_buyers_are_said_too():
    found = compute_lift(make_arm(900, 60, 50.0), make_arm(300, 60, 50.0), 0.25, "EUR")
    assert found.statement.text.startswith("13.3 fewer of 100 customers bought, between ")


def test_no_difference_in_buyers_is_said_too():
    found = compute_lift(make_arm(900, 60, 50.0), make_arm(300, 20, 50.0), 0.25, "EUR")
    assert found.statement.text.startswith("No difference in buyers can be shown: between ")


def test_the_arm_with_fewer_buyers_decides_whichever_is_smaller():
    found = compute_lift(make_arm(999, 300, 9.0), make_arm(1_001, 90, 9.0), 0.5, "EUR")
    assert found.revenue.reason == LiftReason.TOO_FEW_BUYERS


@pytest.mark.parametrize(
    ("treatment", "control", "reason", "words"),
    [
        ((900, 90), (0, 0), LiftReason.NO_CONTROL_GROUP, "Nobody was held out"),
        ((270, 90), (29, 9), LiftReason.TOO_FEW_PEOPLE, "the smaller group has 29 people, and 30 are needed"),
        ((0, 0), (0, 0), LiftReason.TOO_FEW_PEOPLE, "the smaller group has 0 people"),
        ((900, 9), (100, 1), LiftReason.TOO_FEW_CONVERSIONS, "10 of 1000 people bought so far"),
    ],
)
def test_too_little_data_is_said_with_its_reason(treatment, control, reason, words):
    found = compute_lift(make_arm(*treatment, 20.0), make_arm(*control, 20.0), 0.1, "EUR")
    assert (found.revenue.value, found.conversion.value) == (None, None)
    assert found.conversion.reason == reason
    assert found.statement.about == "nothing"
    assert words in found.statement.text


def test_arms_of_the_wrong_size_raise_the_alarm():
    assert compute_lift(make_arm(9_400, 100, 5.0), make_arm(600, 50, 5.0), 0.1, "EUR").ratio.is_alarming
    assert not compute_lift(make_arm(9_000, 100, 5.0), make_arm(1_000, 50, 5.0), 0.1, "EUR").ratio.is_alarming
