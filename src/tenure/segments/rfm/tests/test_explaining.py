"""Why somebody is in a segment, and what a score takes, in words."""

import pytest

from tenure.segments import api
from tenure.segments.rfm.explain import _describe_whole


@pytest.mark.parametrize(
    ("bar", "is_lower_better", "is_inclusive", "text"),
    [
        (20.5, True, True, "up to 20 days"),
        (20.5, True, False, "up to 20 days"),
        (20.0, True, False, "up to 19 days"),
        (1.0, True, True, "up to 1 day"),
        (2.5, False, True, "from 3 days"),
        (2.0, False, False, "from 3 days"),
        (1200.0, True, True, "up to 1,200 days"),
    ],
)
def test_a_bar_is_a_whole_number(bar, is_lower_better, is_inclusive, text):
    assert _describe_whole(bar, "days", is_lower_better, is_inclusive) == text


def test_every_segment_of_the_default_preset_is_said_plainly():
    for segment in api.get_preset().segments:
        said = api.explain_plainly(segment.name, 2, 3, 4, 5)
        assert said.endswith(".") and "score of" not in said, segment.name


@pytest.mark.parametrize(
    ("segment", "scores", "text"),
    [
        ("At Risk Customers", (2, 3, 5, 2), "Silent for longer than usual here (recency 2), and among the best "
         "spenders (monetary 5)."),
        ("Cannot-lose Customers", (1, 3, 4, 3), "Silent for very long (recency 1), and spent well (monetary 4) in "
         "3 paid orders."),
        ("First-time Customers", (5, 1, 2, 1), "Bought once, and is not silent for long (recency 5)."),
        ("Engaged Visitors", (None, None, None, 0), "No paid order (one refunded in full or of no amount is none), "
         "and no e-mail or phone is known."),
    ],
)  # fmt: skip
def test_the_reason_is_said_with_the_customers_own_scores(segment, scores, text):
    assert api.explain_plainly(segment, *scores) == text


def test_visitors_may_be_buyers_who_got_everything_back():
    assert "all refunded" in api.get_preset().get_segment("Engaged Visitors").who
