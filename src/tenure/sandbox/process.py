"""What happens in a stretch of time: orders, visits, sign-ups, refunds. Everything for all people at once.

Moments are days since the shop's start. A stretch is [begin, end). The purchase process has no memory but the orders
that a person has left, so stretches can follow each other and give the same shop in law as one long stretch.
"""

from dataclasses import dataclass, replace

import numpy as np

from tenure.sandbox.catalogue import CATALOGUE, FAVOURITE_SHARE
from tenure.sandbox.people import EXTRA_LINE_SHARE, EXTRA_LINES, People
from tenure.sandbox.responses import EFFECT_DAYS, Answers
from tenure.sandbox.season import Season

FULL_REFUND_SHARE, PART_REFUND_SHARE = 0.03, 0.02
PART_REFUND_RANGE = 0.2, 0.6
REFUND_DELAY_DAYS, REFUND_MEAN_DAYS = 1.0, 5.0
EXPECTED_REFUND = FULL_REFUND_SHARE + PART_REFUND_SHARE * sum(PART_REFUND_RANGE) / 2


@dataclass(frozen=True)
class Orders:
    """Orders by time. `lines` is (orders, 4): product indexes, -1 for no line; `units` likewise; amounts in cents."""

    person: np.ndarray
    ordered_at: np.ndarray
    lines: np.ndarray
    units: np.ndarray
    cents: np.ndarray

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True)
class Refunds:
    """Money given back: `number` is the order's number in the shop; amounts in cents."""

    number: np.ndarray
    person: np.ndarray
    refunded_at: np.ndarray
    cents: np.ndarray

    @classmethod
    def join(cls, parts: "list[Refunds]") -> "Refunds":
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))

    def keep(self, chosen: np.ndarray) -> "Refunds":
        return Refunds(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @classmethod
    def none(cls) -> "Refunds":
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def draw_orders(
    people: People, begin: float, end: float, answers: Answers, season: Season, rng: np.random.Generator
) -> Orders:
    """All orders of [begin, end). Moves `orders_left`, `left_at` and `visits_until` of the people on."""
    person, at = _draw_repeat_orders(people, begin, end, answers, season, rng)
    first = np.flatnonzero((people.first_order_at >= begin) & (people.first_order_at < end))
    persons, moments = [person, first], [at, people.first_order_at[first]]
    extra = (answers.orders_at >= begin) & (answers.orders_at < end)
    persons.append(answers.people[extra])
    moments.append(answers.orders_at[extra])
    person, at = np.concatenate(persons), np.concatenate(moments)
    order = np.lexsort((person, at))
    return _fill_baskets(people, person[order], at[order], rng)


def _draw_repeat_orders(
    people: People, begin: float, end: float, answers: Answers, season: Season, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    active = np.flatnonzero((people.first_order_at < end) & (people.orders_left > 0))
    offset = people.offset[active]
    low = season.to_operational(np.maximum(begin, people.first_order_at[active]), offset)
    high = season.to_operational(end, offset)
    counts = rng.poisson(people.rate[active] * (high - low))
    owner = np.repeat(np.arange(len(active)), counts)
    operational = low[owner] + rng.random(len(owner)) * (high - low)[owner]
    order = np.lexsort((operational, owner))
    owner, operational = owner[order], operational[order]
    at = season.from_operational(operational, offset[owner])
    person = active[owner]
    kept = _thin_by_annoyance(len(people), person, at, answers, rng)
    person, at = person[kept], at[kept]
    rank = np.arange(len(person)) - np.searchsorted(person, person, side="left")
    made = rank < people.orders_left[person]
    is_last = rank + 1 == people.orders_left[person]
    people.orders_left -= np.bincount(person[made], minlength=len(people))
    people.left_at[person[is_last]] = at[is_last]
    people.visits_until[person[is_last]] = at[is_last] + rng.exponential(15.0, int(is_last.sum()))
    return person[made], at[made]


def _thin_by_annoyance(
    count: int, person: np.ndarray, at: np.ndarray, answers: Answers, rng: np.random.Generator
) -> np.ndarray:
    """Which orders still happen after the mail, each with its person's `rate_factor` as probability."""
    factor, sent_at = np.ones(count), np.full(count, np.inf)
    factor[answers.people], sent_at[answers.people] = answers.rate_factor, answers.sent_at
    since = at - sent_at[person]
    is_under_effect = (since >= 0) & (since < EFFECT_DAYS)
    return np.asarray(~is_under_effect | (rng.random(len(person)) < factor[person]))


def _fill_baskets(people: People, person: np.ndarray, at: np.ndarray, rng: np.random.Generator) -> Orders:
    shape = len(person), EXTRA_LINES + 1
    has_line = rng.random(shape) < EXTRA_LINE_SHARE
    has_line[:, 0] = True
    has_line = np.sort(has_line, axis=1)[:, ::-1]
    favourite = np.broadcast_to(people.favourite[person][:, None], shape)
    products = CATALOGUE.pick(favourite, rng.random(shape), rng.random(shape) < FAVOURITE_SHARE)
    extra = rng.poisson(np.broadcast_to(people.extra_units[person][:, None], shape))
    units = np.where(CATALOGUE.is_durable[products], 1, 1 + extra) * has_line
    return Orders(
        person=person,
        ordered_at=at,
        lines=np.where(has_line, products, -1),
        units=units,
        cents=(CATALOGUE.prices_in_cents[products] * units).sum(axis=1),
    )


def draw_refunds(orders: Orders, first_number: int, rng: np.random.Generator) -> Refunds:
    """The refunds that these orders will see, some after the stretch."""
    uniform = rng.random(len(orders))
    part = PART_REFUND_RANGE[0] + (PART_REFUND_RANGE[1] - PART_REFUND_RANGE[0]) * rng.random(len(orders))
    delay = REFUND_DELAY_DAYS + rng.exponential(REFUND_MEAN_DAYS, len(orders))
    share = np.where(uniform < FULL_REFUND_SHARE, 1.0, part)
    refunds = Refunds(
        number=first_number + np.arange(len(orders)),
        person=orders.person,
        refunded_at=orders.ordered_at + delay,
        cents=np.round(orders.cents * share).astype(np.int64),
    )
    return refunds.keep(uniform < FULL_REFUND_SHARE + PART_REFUND_SHARE)


def compute_refund_share_within(days: np.ndarray | float) -> np.ndarray:
    """Share of the refunds that are made within `days` of their order."""
    return np.asarray(1 - np.exp(-np.maximum(np.subtract(days, REFUND_DELAY_DAYS), 0) / REFUND_MEAN_DAYS))


def draw_visits(
    people: People, begin: float, end: float, answers: Answers, season: Season, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Visits without an order, as (person, moment): the first one, the others, and those after a click in a mail."""
    low = np.clip(people.arrives_at, begin, end)
    high = np.clip(people.visits_until, begin, end)
    low, high = season.to_operational(low, people.offset), season.to_operational(high, people.offset)
    counts = rng.poisson(people.visit_rate * np.maximum(high - low, 0))
    person = np.repeat(np.arange(len(people)), counts)
    operational = low[person] + rng.random(len(person)) * (high - low)[person]
    first = np.flatnonzero((people.arrives_at >= begin) & (people.arrives_at < end))
    clicked = (answers.clicked_at >= begin) & (answers.clicked_at < end) & np.isinf(answers.orders_at)
    moments = [
        season.from_operational(operational, people.offset[person]),
        people.arrives_at[first],
        answers.clicked_at[clicked],
    ]
    return np.concatenate([person, first, answers.people[clicked]]), np.concatenate(moments)


def drop_future(refunds: Refunds, end: float) -> tuple[Refunds, Refunds]:
    """The refunds before `end`, and the rest."""
    is_due = refunds.refunded_at < end
    return refunds.keep(is_due), refunds.keep(~is_due)


def copy_people(people: People) -> People:
    """The people with their changing part copied, so that two futures can follow one past."""
    changing = ("orders_left", "left_at", "visits_until", "has_unsubscribed")
    return replace(people, **{name: getattr(people, name).copy() for name in changing})
