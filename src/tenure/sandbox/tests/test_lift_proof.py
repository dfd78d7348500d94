"""The lift that a report shows contains the planted truth about as often as it promises."""

from datetime import UTC, datetime, timedelta

import pytest

from tenure.base import clock
from tenure.campaigns import api as campaigns
from tenure.lake import api as lakes
from tenure.sandbox.proof import CONTROL_SHARE, run_proof, write_to_lake

PLANNED_AT = datetime(2026, 4, 13, 8, 0, tzinfo=UTC)
MEASURE_DAYS = 14


def _is_truth_in_report(seed: int) -> tuple[bool, bool]:
    """Whether the planted effects on revenue and on conversion lie in the report's 95 % intervals."""
    proven = run_proof(seed, PLANNED_AT, measure_days=MEASURE_DAYS)
    with lakes.opened(lakes.open_memory()), clock.virtual(PLANNED_AT) as time:
        name = f"Proof {seed}"
        campaign = campaigns.create_campaign(
            {
                "name": name,
                "segment": campaigns.EVERYONE,
                "subject": "A note",
                "body": "Hello",
                "control_share": CONTROL_SHARE,
                "measure_days": MEASURE_DAYS,
            },
            "proof",
        )
        write_to_lake(proven, campaign.id)
        time.move_to(PLANNED_AT + timedelta(days=MEASURE_DAYS, hours=1))
        lift = campaigns.get_report(name).lift
    revenue, conversion = lift.revenue, lift.conversion
    assert revenue.low is not None and revenue.high is not None
    assert conversion.low is not None and conversion.high is not None
    truth = proven.effect
    return (
        revenue.low <= truth.revenue_per_person <= revenue.high,
        conversion.low <= truth.conversion_difference <= conversion.high,
    )


@pytest.mark.django_db
def test_the_planted_lift_lies_in_the_reported_interval_for_17_of_20_seeds() -> None:
    found = [_is_truth_in_report(seed) for seed in range(1, 21)]
    assert sum(revenue for revenue, _ in found) >= 17
    assert sum(conversion for _, conversion in found) >= 17


@pytest.mark.proof
@pytest.mark.django_db
def test_the_reported_intervals_contain_the_truth_in_95_of_100_shops() -> None:
    found = [_is_truth_in_report(seed) for seed in range(1, 201)]
    assert 0.92 <= sum(revenue for revenue, _ in found) / len(found) <= 0.98
    assert 0.92 <= sum(conversion for _, conversion in found) / len(found) <= 0.98
