"""Phases and segments of the default preset, wherever a page shows them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenure.base.money import format_amount
from tenure.segments import api as segments

register = template.Library()


@dataclass(frozen=True)
class Group:
    name: str
    colour_slot: int
    segments: tuple[Any, ...]


@dataclass(frozen=True)
class Story:
    """Why a customer is in a segment, and what to do about it."""

    who: str
    why: str
    rule: str
    goal: str
    strategies: tuple[str, ...]


@register.filter
def rule_words(segment: Any) -> str:
    """The rule of a segment in words."""
    rule = segment.parsed_rule
    if rule is None:
        return "No other rule applies."
    words = rule.describe()
    return f"{words[:1].upper()}{words[1:]}."


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}." if words else ""


@register.simple_tag
def lifecycle_groups() -> list[Group]:
    """The phases in order, each with its segments."""
    preset = segments.get_preset()
    return [
        Group(phase.name, phase.colour_slot, tuple(one for one in preset.segments if one.phase == phase.name))
        for phase in preset.phases
    ]


@register.filter
def phase_slot(preset: Any, name: str) -> int:
    """The colour slot of a phase."""
    return next((phase.colour_slot for phase in preset.phases if phase.name == name), 1)


@register.simple_tag
def segment_badge(segment: str, phase: str | None = None) -> SafeString:
    """A segment's name with the colour of its phase."""
    slots = {one.name: one.colour_slot for one in segments.get_preset().phases}
    return format_html(
        '<span class="badge slot-{}"><span class="dot" aria-hidden="true"></span>{}</span>',
        slots.get(phase or "", 1),
        segment,
    )


@register.inclusion_tag("web/_phase_path.html")
def phase_path(current: str | None) -> dict[str, Any]:
    """The way through the phases, the present one marked."""
    return {"phases": segments.get_preset().phases, "current": current}


@register.simple_tag
def segment_story(customer: Any) -> Story | None:
    """The story of a customer (segment, r, f, m, order_count) in the default preset."""
    preset = segments.get_preset()
    for segment in preset.segments:
        if segment.name == customer.segment:
            return Story(
                _sentence(segment.who),
                segments.explain_plainly(
                    segment.name, customer.r, customer.f, customer.m, customer.order_count
                ),
                rule_words(segment),
                _sentence(segment.goal),
                segment.strategies,
            )
    return None


@register.simple_tag
def segments_of(customer_id: int) -> dict[str, Any]:
    """The segments that a customer is in, and the others."""
    mine = segments.list_segments_of(customer_id)
    ids = {one.id for one in mine}
    return {"mine": mine, "others": [one for one in segments.list_segments() if one.id not in ids]}


@register.inclusion_tag("web/_scores.html")
def score_lines(
    r: int, f: int, m: int, days_since: int | None, order_count: int, revenue: Decimal | None, currency: str
) -> dict[str, Any]:
    """The three scores, each with the sentence that explains it."""
    age = "today" if days_since == 0 else f"{days_since} day{'' if days_since == 1 else 's'} ago"
    recency = {
        5: "very recently for this shop",
        4: "within the usual gap between two orders",
        3: "a little longer ago than usual",
        2: "much longer ago than usual",
        1: "very long ago for this shop",
    }
    frequency = {
        5: "more often than most who came back",
        4: "often",
        3: "several times",
        2: "a second time at least",
        1: "once",
    }
    money = {5: "more than four fifths of all buyers", 4: "more than three fifths of all buyers",
             3: "about as much as most", 2: "less than most", 1: "among the least"}  # fmt: skip
    orders = f"{order_count} paid order{'' if order_count == 1 else 's'}"
    return {
        "lines": (
            ("R score", "R", r, f"Bought {age}, {recency.get(r, '')}." if days_since is not None else ""),
            ("F score", "F", f, f"{orders}: bought {frequency.get(f, '')}."),
            ("M score", "M", m, f"Spent {format_amount(revenue, currency)}, {money.get(m, '')}."),
        )
    }


@register.inclusion_tag("web/_next_step.html")
def next_step(customer: Any, currency: str) -> dict[str, Any]:
    """What moves a customer up in the lifecycle, or why nothing near does."""
    way = segments.compute_way_up(customer.id)
    sentences = [step.describe(format_amount(step.least_amount, currency, decimals=0)) for step in way.steps]
    return {"sentences": sentences, "reason": way.reason}


@register.simple_tag
def other_stages(customer: Any) -> list[segments.CustomerStage]:
    """The customer's stages in the models beside the customer lifecycle."""
    return segments.list_stages_of(customer.id)
