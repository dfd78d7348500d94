"""How people answer a mail: the planted classes, and one draw of answers to one mailing."""

from dataclasses import dataclass

import numpy as np

RESPONSE_DAYS = 10.0
RESPONSE_MEAN_DAYS = 2.5
EFFECT_DAYS = 30.0


@dataclass(frozen=True)
class ResponseClass:
    """What a mail does to people of one class.

    `open_share` of all; `click_share` of those who opened; `order_share` of those who clicked place one order that
    they would not have placed; `unsubscribe_share` of those who opened. `rate_factor` multiplies the order rate of
    those who opened, for `EFFECT_DAYS`.
    """

    name: str
    open_share: float
    click_share: float
    order_share: float
    unsubscribe_share: float
    rate_factor: float

    @property
    def extra_order_share(self) -> float:
        """Share of those mailed who place an extra order."""
        return self.open_share * self.click_share * self.order_share


CLASSES = (
    ResponseClass("persuaded", 0.85, 0.75, 0.65, 0.001, 1.0),
    ResponseClass("sure_thing", 0.70, 0.45, 0.0, 0.001, 1.0),
    ResponseClass("indifferent", 0.30, 0.06, 0.0, 0.004, 1.0),
    ResponseClass("annoyed", 0.45, 0.04, 0.0, 0.25, 0.5),
)
PERSUADED, SURE_THING, INDIFFERENT, ANNOYED = range(4)
PERSUADED_SHARE, ANNOYED_SHARE = 0.22, 0.07
SURE_THING_SHARES = 0.08, 0.28


@dataclass(frozen=True)
class Answers:
    """What each mailed person does: moments in days since the shop's start, `inf` for what does not happen."""

    people: np.ndarray
    sent_at: np.ndarray
    opened_at: np.ndarray
    clicked_at: np.ndarray
    orders_at: np.ndarray
    unsubscribes_at: np.ndarray
    rate_factor: np.ndarray

    @classmethod
    def join(cls, parts: "list[Answers]") -> "Answers":
        """The answers to several mailings, one after the other."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))

    @classmethod
    def none(cls) -> "Answers":
        return cls(np.empty(0, np.int64), *(np.empty(0) for _ in range(len(cls.__dataclass_fields__) - 1)))


def draw_classes(rate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A class per person; who orders often by nature is more often a sure thing."""
    count = len(rate)
    rank = np.empty(count)
    rank[np.argsort(rate, kind="stable")] = np.arange(count) / max(count, 1)
    low, high = SURE_THING_SHARES
    sure = PERSUADED_SHARE + low + (high - low) * rank
    uniform = rng.random(count)
    conditions = [uniform < PERSUADED_SHARE, uniform < sure, uniform < 1 - ANNOYED_SHARE]
    return np.select(conditions, [PERSUADED, SURE_THING, INDIFFERENT], ANNOYED).astype(np.int8)


def get_class_values(classes: np.ndarray, field: str) -> np.ndarray:
    """One field of `ResponseClass` for each person."""
    return np.array([getattr(c, field) for c in CLASSES], dtype=float)[classes]


def draw_answers(
    people: np.ndarray, sent_at: np.ndarray, classes: np.ndarray, rng: np.random.Generator
) -> Answers:
    """Draw the answers of the mailed `people` (indexes), mailed at `sent_at`, of response `classes`."""
    count = len(people)
    opens, clicks, orders, unsubscribes = (rng.random(count) for _ in range(4))
    open_delay = np.minimum(0.002 + rng.lognormal(-2.2, 1.3, count), 0.9 * RESPONSE_DAYS)
    click_delay = open_delay + np.minimum(0.0003 + rng.exponential(0.001, count), 0.05 * RESPONSE_DAYS)
    order_delay = draw_order_delay(rng.random(count))
    opens = opens < get_class_values(classes, "open_share")
    clicks = opens & (clicks < get_class_values(classes, "click_share"))
    orders = clicks & (orders < get_class_values(classes, "order_share"))
    unsubscribes = opens & (unsubscribes < get_class_values(classes, "unsubscribe_share"))
    first = np.minimum(1.0, 0.8 * order_delay / click_delay)
    open_delay = np.where(orders, open_delay * first, open_delay)
    click_delay = np.where(orders, click_delay * first, click_delay)
    return Answers(
        people=people,
        sent_at=sent_at,
        opened_at=np.where(opens, sent_at + open_delay, np.inf),
        clicked_at=np.where(clicks, sent_at + click_delay, np.inf),
        orders_at=np.where(orders, sent_at + order_delay, np.inf),
        unsubscribes_at=np.where(unsubscribes, sent_at + click_delay + 0.002, np.inf),
        rate_factor=np.where(opens, get_class_values(classes, "rate_factor"), 1.0),
    )


def draw_order_delay(uniform: np.ndarray) -> np.ndarray:
    """Days from mail to extra order: exponential, cut off at `RESPONSE_DAYS`."""
    reach = 1 - np.exp(-RESPONSE_DAYS / RESPONSE_MEAN_DAYS)
    return np.asarray(-RESPONSE_MEAN_DAYS * np.log1p(-uniform * reach))


def compute_order_share_within(days: np.ndarray | float) -> np.ndarray:
    """Share of the extra orders that come within `days` of the mail."""
    reach = 1 - np.exp(-RESPONSE_DAYS / RESPONSE_MEAN_DAYS)
    return np.asarray((1 - np.exp(-np.clip(days, 0, RESPONSE_DAYS) / RESPONSE_MEAN_DAYS)) / reach)
