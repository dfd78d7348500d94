"""How large a control group has to be before a comparison can say something."""

from dataclasses import dataclass
from math import ceil

from tenure.stats.power import compute_detectable_share_difference

DEFAULT_CONTROL_SHARE = 0.10
LARGEST_CONTROL_SHARE = 0.50
NEEDED_BUYERS = 100


@dataclass(frozen=True)
class ControlProposal:
    """A control group to take, and why.

    `detectable_difference` is the smallest rise in the share of buyers that would be seen (80 % power).
    """

    asked_share: float
    control_share: float
    is_enough: bool
    expected_control_buyers: float | None
    detectable_difference: float | None
    sentence: str


def propose_control_share(
    eligible_count: int,
    expected_buyers_share: float | None,
    asked_share: float = DEFAULT_CONTROL_SHARE,
    needed_buyers: int = NEEDED_BUYERS,
) -> ControlProposal:
    """Say whether `asked_share` gives the control group `needed_buyers`, and what does if not.

    `expected_buyers_share`: who buys within the measuring time without any campaign, or None if unknown.
    """
    if not 0 <= asked_share <= LARGEST_CONTROL_SHARE:
        raise ValueError("asked_share lies between 0 and 0.5")
    if asked_share == 0:
        sentence = "Without a control group nobody can say what this campaign earned."
        return ControlProposal(0.0, DEFAULT_CONTROL_SHARE, False, 0.0, None, sentence)
    if not eligible_count:
        return ControlProposal(asked_share, asked_share, False, None, None, "Nobody would get this campaign.")
    if not expected_buyers_share:
        sentence = (
            "Nobody like them bought lately, so it is unknown how many buyers to expect. "
            f"{_percent(asked_share)} are held out; a larger control group shows more."
        )
        return ControlProposal(asked_share, asked_share, False, None, None, sentence)
    expected = eligible_count * expected_buyers_share
    if expected * asked_share >= needed_buyers:
        seen = _detectable(eligible_count, expected_buyers_share, asked_share)
        sentence = (
            f"{_percent(asked_share)} are enough: about {expected * asked_share:,.0f} buyers are expected "
            f"in the control group.{_seen_sentence(expected_buyers_share, seen)}"
        )
        return ControlProposal(asked_share, asked_share, True, expected * asked_share, seen, sentence)
    return _propose_more(eligible_count, expected_buyers_share, asked_share, needed_buyers)


def _propose_more(
    eligible_count: int, buyers_share: float, asked_share: float, needed: int
) -> ControlProposal:
    expected = eligible_count * buyers_share
    wanted = ceil(round(needed / expected * 100, 6)) / 100
    share = min(LARGEST_CONTROL_SHARE, max(wanted, asked_share))
    seen = _detectable(eligible_count, buyers_share, share)
    few = f"{_percent(asked_share)} are too few: about {expected * asked_share:,.0f} buyers are expected in the control group"
    if wanted > LARGEST_CONTROL_SHARE:
        sentence = (
            f"{few}, and even half of all would bring about {expected * share:,.0f}. "
            f"A statement on revenue needs {needed}, so hold out {_percent(share)} "
            "and the report will speak of conversion, or choose a larger segment."
        )
    else:
        sentence = f"{few}, a statement on revenue needs {needed}. Hold out {_percent(share)} instead."
    sentence += _seen_sentence(buyers_share, seen)
    return ControlProposal(asked_share, share, False, expected * asked_share, seen, sentence)


def _detectable(eligible_count: int, buyers_share: float, control_share: float) -> float | None:
    control = round(eligible_count * control_share)
    if buyers_share >= 1:
        return None
    return compute_detectable_share_difference(buyers_share, eligible_count - control, control).difference


def _seen_sentence(buyers_share: float, difference: float | None) -> str:
    if difference is None:
        return ""
    return (
        f" A rise of buyers from {_percent(buyers_share)} to {_percent(buyers_share + difference)} "
        "or more would be seen."
    )


def _percent(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0") + "%"
