"""The scoring rules as they are written down, one customer at a time: slow, and only for comparison."""

import math
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise


@dataclass(frozen=True)
class Order:
    """An order or, with `amount` 0 and a refund, a credit note."""

    placed_on: date
    amount: Decimal
    refunded: Decimal = Decimal(0)

    @property
    def is_paid(self) -> bool:
        return self.amount > 0 and self.refunded < self.amount


@dataclass(frozen=True)
class Person:
    """A customer with her whole history."""

    is_contact_known: bool = False
    orders: list[Order] = field(default_factory=list)

    @property
    def paid(self) -> list[Order]:
        return [order for order in self.orders if order.is_paid]

    @property
    def revenue(self) -> Decimal:
        return sum((order.amount - order.refunded for order in self.orders), Decimal(0))


@dataclass(frozen=True)
class Scored:
    n: int
    r: int | None
    f: int | None
    m: int | None


def score_lifecycle(people: list[Person], as_of_on: date) -> list[Scored]:
    """R by the shop's rhythm, F by repeat-share, M by share."""
    buyers = [person for person in people if person.paid]
    rhythm = _rhythm(buyers)
    counts = [len(person.paid) for person in buyers]
    return [
        Scored(
            len(person.paid),
            _score_recency(_days(person, as_of_on), rhythm),
            _score_frequency(len(person.paid), counts),
            _score_share(person.revenue, [buyer.revenue for buyer in buyers]),
        )
        if person.paid
        else Scored(0, None, None, None)
        for person in people
    ]


def score_industry(people: list[Person], as_of_on: date) -> list[Scored]:
    """`share` of all three."""
    buyers = [person for person in people if person.paid]
    worths = [(-_days(one, as_of_on), len(one.paid), one.revenue) for one in buyers]
    scored = []
    for person in people:
        if not person.paid:
            scored.append(Scored(0, None, None, None))
            continue
        own = (-_days(person, as_of_on), len(person.paid), person.revenue)
        r, f, m = (_score_share(own[i], [worth[i] for worth in worths]) for i in range(3))
        scored.append(Scored(len(person.paid), r, f, m))
    return scored


def name_lifecycle_segment(scored: Scored, is_contact_known: bool) -> str:
    n, r, f, m = scored.n, scored.r, scored.f, scored.m
    if n == 0:
        return "Loyal Visitors" if is_contact_known else "Engaged Visitors"
    assert r is not None and f is not None and m is not None
    is_dear = m == 5 or (m >= 3 and n >= 3)
    rules = [
        ("Champions", r >= 4 and f == 5 and m == 5 and n >= 4),
        ("Cannot-lose Customers", r == 1 and is_dear),
        ("At Risk Customers", r == 2 and is_dear),
        ("Falling Asleep Customers", r <= 2),
        ("Loyal Customers", f >= 4 and n >= 4),
        ("First-time Customers", n == 1),
        ("Recent Customers", r >= 4 and n == 2),
        ("Potential Loyalists", m >= 3 and n >= 3),
        ("Promising Customers", True),
    ]
    return next(name for name, holds in rules if holds)


def _days(person: Person, as_of_on: date) -> int:
    return (as_of_on - max(order.placed_on for order in person.paid)).days


def _rhythm(buyers: list[Person]) -> float:
    gaps = []
    for buyer in buyers:
        days = sorted({order.placed_on for order in buyer.paid})
        gaps += [(later - earlier).days for earlier, later in pairwise(days)]
    if len(gaps) < 100:
        return 45.0
    gaps.sort()
    place = 0.75 * (len(gaps) - 1)
    low = gaps[math.floor(place)]
    high = gaps[math.ceil(place)]
    return max(14.0, low + (high - low) * (place - math.floor(place)))


def _score_recency(days: int, rhythm: float) -> int:
    for score, bar in ((5, rhythm / 2), (4, rhythm), (3, 2 * rhythm), (2, 4 * rhythm)):
        if days <= bar:
            return score
    return 1


def _score_frequency(count: int, counts: list[int]) -> int:
    if len(counts) < 50:
        return 1 if count == 1 else 2 if count == 2 else 3 if count <= 4 else 4 if count <= 7 else 5
    if count == 1:
        return 1
    repeat = [one for one in counts if one >= 2]
    return min(5, 2 + 4 * sum(one < count for one in repeat) // len(repeat))


def _score_share(own: Decimal | int, everybody: list[Decimal] | list[int]) -> int:
    return min(5, 1 + 5 * sum(one < own for one in everybody) // len(everybody))
