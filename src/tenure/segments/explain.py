"""Why a customer is in her segment, in words."""

from collections.abc import Mapping
from typing import Any

from tenure.segments.cutpoints import Cutpoints
from tenure.segments.preset import Preset
from tenure.segments.scoring import DIMENSIONS

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


def _describe_facts(row: Mapping[str, Any]) -> str:
    count = int(row.get("order_count") or 0)
    if not count:
        return "There is no paid order yet, so there are no scores."
    facts = [f"{count:,} paid {'order' if count == 1 else 'orders'}"]
    if row.get("days_since_last_order") is not None:
        days = int(row["days_since_last_order"])
        facts.append(f"the last one {days:,} {'day' if days == 1 else 'days'} ago")
    scores = f"recency {row.get('r')}, frequency {row.get('f')}, monetary {row.get('m')} of 5"
    return f"Here: {', '.join(facts)}; scores {scores}."


def explain_cutpoints(cutpoints: Cutpoints) -> dict[str, list[str]]:
    """For r, f and m what each score from 1 to 5 takes, such as "up to 22.5 days"."""
    return {
        dimension.name: _describe_bars(cutpoints, dimension.name, dimension.is_lower_better)
        for dimension in DIMENSIONS
    }


def _describe_bars(cutpoints: Cutpoints, name: str, is_lower_better: bool) -> list[str]:
    cuts = cutpoints.cuts_of(name)
    words = {(True, True): "up to", (True, False): "under", (False, True): "from", (False, False): "over"}
    word, unit = words[is_lower_better, cuts.is_inclusive], _UNITS[name]
    texts = ["everything else"]
    for bar, tie in zip(cuts.bars, cuts.ties or (None,) * len(cuts.bars), strict=True):
        text = f"{word} {bar:,.10g} {unit}".strip()
        texts.append(f"{text}, or as many and an id after {tie[1]}" if tie else text)
    return texts
