"""Single events of a stretch of time as arrays: when, what kind, who, and about which row."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from tenure.sandbox.catalogue import CATALOGUE, CATEGORIES, FAVOURITE_SHARE, INFORMATION_PAGES
from tenure.sandbox.people import People
from tenure.sandbox.process import Orders, Refunds
from tenure.sandbox.responses import Answers

SECOND = 1 / 86_400
PAGE_COUNT = len(INFORMATION_PAGES) + len(CATEGORIES)


class Kind(IntEnum):
    """What an event is. Its row number points into the pages, products, orders, people, refunds or answers."""

    IDENTIFY = 0
    PAGE = 1
    PRODUCT_VIEWED = 2
    PRODUCT_ADDED = 3
    CHECKOUT_STARTED = 4
    ORDER_COMPLETED = 5
    ORDER_REFUNDED = 6
    UNSUBSCRIBED = 7
    EMAIL_OPENED = 8
    EMAIL_CLICKED = 9
    EMAIL_UNSUBSCRIBED = 10


@dataclass(frozen=True)
class Happenings:
    """Events, one entry each. `at` is days since the shop's start."""

    at: np.ndarray
    kind: np.ndarray
    person: np.ndarray
    row: np.ndarray

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of(cls, kind: Kind, at: np.ndarray, person: np.ndarray, row: np.ndarray) -> "Happenings":
        return cls(at, np.full(len(at), kind, np.int8), person.astype(np.int32), row.astype(np.int32))

    @classmethod
    def join(cls, parts: "list[Happenings]", begin: float, end: float) -> "Happenings":
        """All events of [begin, end) by time; those of one moment in the order of the parts."""
        joined = cls(
            *(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__)
        )
        chosen = np.flatnonzero((joined.at >= begin) & (joined.at < end))
        return joined.keep(chosen[np.argsort(joined.at[chosen], kind="stable")])

    def keep(self, chosen: np.ndarray) -> "Happenings":
        """The events at `chosen` (indexes or a mask)."""
        return Happenings(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def list_sign_ups(people: People, signing_up: np.ndarray) -> Happenings:
    return Happenings.of(
        Kind.IDENTIFY, people.signs_up_at[signing_up], signing_up, np.arange(len(signing_up))
    )


def list_unsubscribes(people: People) -> Happenings:
    """Those who leave the newsletter by themselves, unless they have left it before."""
    leaving = np.flatnonzero(np.isfinite(people.unsubscribes_at) & ~people.has_unsubscribed)
    row = np.zeros(len(leaving), np.int32)
    return Happenings.of(Kind.UNSUBSCRIBED, people.unsubscribes_at[leaving], leaving, row)


def list_refunds(refunds: Refunds) -> Happenings:
    return Happenings.of(
        Kind.ORDER_REFUNDED, refunds.refunded_at, refunds.person, np.arange(len(refunds.person))
    )


def draw_visit_events(
    people: People, person: np.ndarray, begins_at: np.ndarray, rng: np.random.Generator
) -> list[Happenings]:
    """Pages, product views and additions to the cart of visits without an order, about half a minute apart."""
    count = len(person)
    pages, views = rng.geometric(0.75, count), rng.poisson(0.8, count)
    adds = np.where(rng.random(count) < 0.2, np.minimum(views, 1), 0)
    pace = SECOND * (15 + 45 * rng.random(count))
    parts = []
    before = np.zeros(count)
    for kind, numbers in ((Kind.PAGE, pages), (Kind.PRODUCT_VIEWED, views), (Kind.PRODUCT_ADDED, adds)):
        owner, step = _spread(numbers)
        at = begins_at[owner] + (before[owner] + step) * pace[owner]
        row = _draw_page(step, rng) if kind is Kind.PAGE else _draw_product(people, person[owner], rng)
        parts.append(Happenings.of(kind, at, person[owner], row))
        before = before + numbers
    return parts


def draw_order_events(people: People, orders: Orders, rng: np.random.Generator) -> list[Happenings]:
    """The visits that end in the orders: a product viewed, each product added, the checkout, the order."""
    count = len(orders)
    pace = SECOND * (10 + 35 * rng.random(count))
    lines = (orders.lines >= 0).sum(axis=1)
    owner, step = _spread(lines)
    product = orders.lines[owner, step]
    person, numbers = orders.person[owner], np.arange(count)
    added_at = orders.ordered_at[owner] - (2 + 2 * (lines[owner] - 1 - step)) * pace[owner]
    first_at = orders.ordered_at - (1 + 2 * lines) * pace
    return [
        Happenings.of(Kind.PRODUCT_VIEWED, first_at, orders.person, orders.lines[:, 0]),
        Happenings.of(Kind.PRODUCT_ADDED, added_at, person, product),
        Happenings.of(Kind.CHECKOUT_STARTED, orders.ordered_at - pace, orders.person, numbers),
        Happenings.of(Kind.ORDER_COMPLETED, orders.ordered_at, orders.person, numbers),
    ]


def list_answers(answers: Answers, chosen: np.ndarray) -> list[Happenings]:
    """Opens, clicks and unsubscribes of the `chosen` (mask) answers."""
    moments = (
        (Kind.EMAIL_OPENED, answers.opened_at),
        (Kind.EMAIL_CLICKED, answers.clicked_at),
        (Kind.EMAIL_UNSUBSCRIBED, answers.unsubscribes_at),
    )
    parts = []
    for kind, at in moments:
        rows = np.flatnonzero(chosen & np.isfinite(at))
        parts.append(Happenings.of(kind, at[rows], answers.people[rows], rows))
    return parts


def _spread(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For counts n: owners 0,0,1,... and steps 0,1,0,... of n entries each."""
    owner = np.repeat(np.arange(len(numbers)), numbers)
    begins = np.cumsum(numbers) - numbers
    return owner, np.arange(len(owner)) - begins[owner]


def _draw_page(step: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the visits begin on the home page; everything else is anywhere."""
    is_home = (step == 0) & (rng.random(len(step)) < 0.5)
    return np.where(is_home, 0, rng.integers(0, PAGE_COUNT, len(step)))


def _draw_product(people: People, person: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    is_favourite = rng.random(len(person)) < FAVOURITE_SHARE
    return CATALOGUE.pick(people.favourite[person], rng.random(len(person)), is_favourite)
