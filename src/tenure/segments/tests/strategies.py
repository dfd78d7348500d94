"""Random histories, with random rules about them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tenure.segments.tests.alphabets import (
    BASES,
    DAYS,
    FUNNEL,
    JUNK,
    LISTS,
    NAMES,
    NUMBERS,
    ODD,
    PURPOSES,
    TEXTS,
    ZONES,
)
from tenure.segments.tests.rule_strategies import build_rules

HOURS = (-1_000, -49, -48, -25, -24, -2, -1, 0, 1, 2, 23, 24, 25, 47, 48, 49, 72, 100, 400)

hours = st.sampled_from(HOURS)
offsets = st.builds(
    lambda hour, seconds: timedelta(hours=hour, seconds=seconds),
    hours,
    st.sampled_from((0, 0, 0, 1, 1_740, 1_800, 1_801)),
)
values = st.one_of(st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.sampled_from(JUNK))


BY = (("userId",), ("userId",), ("anonymousId",), ("userId", "anonymousId"))


@dataclass(frozen=True)
class Call:
    """What somebody did, when (from the base), told by which of her ids, in which batch."""

    fields: dict[str, Any]
    person: int
    offset: timedelta
    by: tuple[str, ...]
    batch: int


@dataclass(frozen=True)
class Scene:
    """What an example consists of. People are numbers."""

    base: datetime
    zone: str
    people: int
    calls: tuple["Call", ...]
    merged: tuple[tuple[int, int], ...]
    is_undone: bool
    places: tuple[tuple[int, str, timedelta], ...]
    decisions: tuple[tuple[int, int, str, str | None, timedelta], ...]
    moves: tuple[tuple[int, str, timedelta], ...]
    suppressed: frozenset[int]
    rules: tuple[dict[str, Any], ...]
    moments: tuple[datetime, ...]

    def __repr__(self) -> str:
        return f"<{self.people} people around {self.base}, {len(self.calls)} calls>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


properties = st.fixed_dictionaries(
    {},
    optional={
        "category": values,
        "price": values,
        "when": st.sampled_from((*DAYS, *JUNK)),
        "address": st.builds(lambda city: {"city": city}, st.sampled_from(TEXTS)),
    },
)
products = st.lists(
    st.fixed_dictionaries(
        {"product_id": st.sampled_from(("p1", "p2", " ", ODD))},
        optional={
            "category": st.sampled_from(("coffee", "tea", "")),
            "brand": st.sampled_from(("Hario", ODD)),
            "quantity": st.sampled_from((1, 2, 0, -1, 0.5, "2", "x")),
            "price": st.sampled_from((5, 2.5, 0, "5", "x")),
        },
    ),
    max_size=2,
)
orders = st.fixed_dictionaries(
    {"order_id": st.sampled_from(("o1", "o2"))},
    optional={
        "total": st.sampled_from((10, 5, 0, "20.5", "x")),
        "products": products,
        "category": st.sampled_from(TEXTS),
    },
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "campaign": st.fixed_dictionaries(
            {"source": st.sampled_from(("newsletter", "ads"))},
            optional={"medium": st.just("email"), "name": st.just("Spring")},
        ),
        "page": st.just({"referrer": "https://www.google.com/search"}),
    },
)
traits = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(("Ann@shop.example", "no address")),
        "phone": st.sampled_from(("+431234", "+491234")),
        "country": st.sampled_from(("DE", "AT")),
        "timezone": st.sampled_from((*ZONES, "Mars/Base")),
        "birthday": st.sampled_from(DAYS),
        "size": st.sampled_from((*NUMBERS, "junk", True)),
        "interests": st.sampled_from(
            (["coffee", "tea"], ["5", 10], [5, 2.5], "coffee", ["x,5,y"], [["tea"]], {"a": 5})
        ),
        "newsletter": st.sampled_from((True, False, "true", "yes", 1)),
        "address": st.builds(lambda city: {"city": city}, st.sampled_from(TEXTS)),
    },
)
campaign_mail = st.fixed_dictionaries(
    {},
    optional={
        "campaign_id": st.sampled_from((7, 8, "7", "junk")),
        "is_bot": st.sampled_from((True, False, "true")),
    },
)
consents = st.fixed_dictionaries(
    {"category": st.sampled_from(PURPOSES), "action": st.sampled_from(("accept", "accept", "reject"))},
    optional={
        "valid_until": st.sampled_from(
            ("unlimited", "2026-03-28T00:00:00Z", 1774742400, "2026-10-25", None, "2020-01-01")
        )
    },
)


def _track(
    names: tuple[str, ...], found: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda event, properties, context: {
            "type": "track",
            "event": event,
            "properties": properties,
            **({"context": context} if context else {}),
        },
        st.sampled_from(names),
        found,
        contexts,
    )


calls = st.one_of(
    _track(NAMES[:2] + NAMES[3:], properties),
    _track(
        ("Order Completed", "Order Completed", "Order Updated", "Order Refunded", "Order Cancelled"), orders
    ),
    _track(("Email Sent", "Email Opened", "Email Link Clicked"), campaign_mail),
    _track(("consent",), consents),
    _track(("Unsubscribed", "Subscribed"), st.just({})),
    st.builds(
        lambda kind, name, properties, context: {
            "type": kind,
            "name": name,
            "properties": properties,
            **({"context": context} if context else {}),
        },
        st.sampled_from(("page", "page", "screen")),
        st.sampled_from(("Home", "Shop")),
        st.fixed_dictionaries({}, optional={"path": st.sampled_from(("/", "/shop")), "category": values}),
        contexts,
    ),
    st.builds(lambda traits: {"type": "identify", "traits": traits}, traits),
    st.builds(
        lambda group, traits: {"type": "group", "groupId": group, "traits": traits},
        st.sampled_from(("acme", "umbrella")),
        st.fixed_dictionaries(
            {}, optional={"plan": values, "employees": values, "since": st.sampled_from(DAYS)}
        ),
    ),
)


@st.composite
def scenes(draw: st.DrawFn, people: int, stages: tuple[str, ...]) -> Scene:
    """An example: `people` histories, and a rule of each kind with a few trees of them."""
    base = draw(st.sampled_from(BASES))
    who = st.integers(0, people - 1)
    by_kind = build_rules(base, stages)
    rules = [draw(rule) for rule in by_kind.values()]
    for word in ("all", "any"):
        rules.append({word: [draw(st.sampled_from(rules[:15])), {"not": draw(st.sampled_from(rules[:15]))}]})
    told = [
        Call(draw(calls), person, draw(offsets), draw(st.sampled_from(BY)), draw(st.integers(0, 1)))
        for person in range(people)
        for _ in range(draw(st.integers(1, 9)))
    ]
    return Scene(
        base=base,
        zone=draw(st.sampled_from(ZONES)),
        people=people,
        calls=tuple(told),
        merged=tuple(draw(st.lists(st.tuples(who, who), max_size=2))),
        is_undone=draw(st.booleans()),
        places=tuple(draw(st.lists(st.tuples(who, st.sampled_from(LISTS), offsets), max_size=people))),
        decisions=tuple(
            draw(
                st.lists(
                    st.tuples(
                        who, st.sampled_from((7, 8)), st.sampled_from(("planned", "held_out", "skipped")),
                        st.sampled_from((None, "no_address", "capped")), offsets,
                    ),
                    max_size=people,
                )
            )
        ),
        moves=tuple(draw(st.lists(st.tuples(who, st.sampled_from(tuple(FUNNEL)), offsets), max_size=2 * people))),
        suppressed=frozenset(draw(st.lists(st.integers(0, 1), max_size=1))),
        rules=tuple(rules),
        moments=tuple(base + draw(offsets) for _ in range(2)),
    )  # fmt: skip
