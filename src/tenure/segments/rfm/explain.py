"""Why a customer is in a segment, in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from tenure.segments.rfm.cutpoints import Cutpoints
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.scoring import DIMENSIONS

_UNITS = {"r": "days", "f": "orders", "m": ""}


def explain_segment(row: Mapping[str, Any], preset: Preset) -> str:
    """Which rule took a customer. `row` has segment, order_count, r, f, m (days_since_last_order, revenue).

    The rule that compiled the segment also says it, so that the two cannot differ.
    """
    name = row.get("segment")
    if not name:
        return "No segment: no rule of this preset takes this customer."
    segment = preset.get_segment(name)
    rule = segment.parsed_rule
    because = "no other rule applies" if rule is None else rule.describe()
    return f"{segment.name}: {because}. {_describe_facts(row)}"


@dataclass(frozen=True)
class _Told:
    """What is known of a customer who is told why. Scores are None without a paid order."""

    r: int | None
    f: int | None
    m: int | None
    order_count: int

    @property
    def orders(self) -> str:
        return f"{self.order_count:,} paid {'order' if self.order_count == 1 else 'orders'}"

    @property
    def silence(self) -> str:
        words = "for very long" if self.r == 1 else "for longer than usual here"
        return f"Silent {words} (recency {self.r})"

    @property
    def spending(self) -> str:
        if self.m == 5:
            return "among the best spenders (monetary 5)"
        return f"spent well (monetary {self.m}) in {self.orders}"


def explain_plainly(segment: str, r: int | None, f: int | None, m: int | None, order_count: int) -> str:
    """Why a customer is in a segment of the default preset, as a person would say it.

    Says what the segment's rule says, with the customer's own scores. Errors: `KeyError`, not such a segment.
    """
    return _PLAIN[segment](_Told(r, f, m, order_count))


_NO_ORDER = "No paid order (one refunded in full or of no amount is none)"
_PLAIN: dict[str, Callable[[_Told], str]] = {
    "Engaged Visitors": lambda one: f"{_NO_ORDER}, and no e-mail or phone is known.",
    "Loyal Visitors": lambda one: f"{_NO_ORDER}, but an e-mail or a phone is known.",
    "Champions": lambda one: (
        f"Bought lately (recency {one.r}), among those who buy most often (frequency 5, {one.orders}) "
        "and among the best spenders (monetary 5)."
    ),
    "Cannot-lose Customers": lambda one: f"{one.silence}, and {one.spending}.",
    "At Risk Customers": lambda one: f"{one.silence}, and {one.spending}.",
    "Falling Asleep Customers": lambda one: (
        f"{one.silence}, and not one of the best customers before that ({one.orders}, monetary {one.m})."
    ),
    "Loyal Customers": lambda one: (
        f"Keeps buying: {one.orders}, more often than most who came back (frequency {one.f}), "
        f"and not silent for long (recency {one.r})."
    ),
    "First-time Customers": lambda one: f"Bought once, and is not silent for long (recency {one.r}).",
    "Recent Customers": lambda one: f"Bought twice, the last time lately (recency {one.r}).",
    "Potential Loyalists": lambda one: (
        f"Came back ({one.orders}), is not silent for long (recency {one.r}), and spends about as much as most "
        f"or more (monetary {one.m})."
    ),
    "Promising Customers": lambda one: (
        f"Came back ({one.orders}), is not silent for long (recency {one.r}), and no other segment fits better."
    ),
}


def _describe_facts(row: Mapping[str, Any]) -> str:
    count = int(row.get("order_count") or 0)
    if not count:
        return (
            "There is no paid order (one refunded in full or of no amount is none), so there are no scores."
        )
    facts = [f"{count:,} paid {'order' if count == 1 else 'orders'}"]
    if row.get("days_since_last_order") is not None:
        days = int(row["days_since_last_order"])
        facts.append(f"the last one {days:,} {'day' if days == 1 else 'days'} ago")
    scores = f"recency {row.get('r')}, frequency {row.get('f')}, monetary {row.get('m')} of 5"
    return f"Here: {', '.join(facts)}; scores {scores}."


def explain_cutpoints(cutpoints: Cutpoints) -> dict[str, list[str]]:
    """For r, f and m what each score from 1 to 5 takes, such as "up to 22 days"."""
    return {
        dimension.name: _describe_bars(cutpoints, dimension.name, dimension.is_lower_better)
        for dimension in DIMENSIONS
    }


def _describe_whole(bar: float, unit: str, is_lower_better: bool, is_inclusive: bool) -> str:
    """A bar on days or orders, which come whole: the last whole number that is let through."""
    if is_lower_better:
        last = floor(bar) if is_inclusive else ceil(bar) - 1
        words = f"up to {last:,}"
    else:
        last = ceil(bar) if is_inclusive else floor(bar) + 1
        words = f"from {last:,}"
    return f"{words} {unit[:-1] if last == 1 else unit}"


def _describe_bars(cutpoints: Cutpoints, name: str, is_lower_better: bool) -> list[str]:
    cuts = cutpoints.cuts_of(name)
    words = {(True, True): "up to", (True, False): "under", (False, True): "from", (False, False): "over"}
    word, unit = words[is_lower_better, cuts.is_inclusive], _UNITS[name]
    texts = ["everything else"]
    for bar, tie in zip(cuts.bars, cuts.ties or (None,) * len(cuts.bars), strict=True):
        text = f"{word} {bar:,.10g}"
        if unit:
            text = _describe_whole(float(bar), unit, is_lower_better, cuts.is_inclusive)
        texts.append(f"{text}, or as many and an id after {tie[1]}" if tie else text)
    return texts
