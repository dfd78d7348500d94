"""The people of the simulated shop with everything that only the simulation knows about them.

Moments are days since the shop's start, UTC; `inf` is never. Purchases follow the BG/NBD process (Fader, Hardie and
Lee, Marketing Science 24, 2005, 275-284): each buyer orders again at an own constant rate, rates are gamma
distributed, and after each repeat order leaves for good with an own probability, beta distributed.
"""

from dataclasses import dataclass

import numpy as np

from tenure.sandbox.catalogue import CATALOGUE, CATEGORIES
from tenure.sandbox.names import COUNTRIES
from tenure.sandbox.responses import draw_classes
from tenure.sandbox.season import Season

RATE_SHAPE, RATE_SCALE_DAYS = 1.15, 48.0
DROPOUT_A, DROPOUT_B = 0.8, 8.0
VISITOR_SHARE, LEAD_SHARE = 0.14, 0.10
UNITS_SHAPE, UNITS_SCALE = 1.2, 0.5
EXTRA_LINES, EXTRA_LINE_SHARE = 3, 0.3
GROWTH = 0.85
NEVER = np.inf
MINUTE = 1 / 1440


@dataclass
class People:
    """One entry per person in every array, ordered by first visit. The last four change as time goes by."""

    country: np.ndarray
    first_name: np.ndarray
    last_name: np.ndarray
    city: np.ndarray
    offset: np.ndarray
    arrives_at: np.ndarray
    signs_up_at: np.ndarray
    first_order_at: np.ndarray
    unsubscribes_at: np.ndarray
    is_tracked: np.ndarray
    rate: np.ndarray
    dropout: np.ndarray
    extra_units: np.ndarray
    favourite: np.ndarray
    spend_mean: np.ndarray
    visit_rate: np.ndarray
    response_class: np.ndarray
    orders_left: np.ndarray
    left_at: np.ndarray
    visits_until: np.ndarray
    has_unsubscribed: np.ndarray

    def __len__(self) -> int:
        return len(self.country)


def draw_people(
    customers: int, days: float, ahead_days: float, season: Season, rng: np.random.Generator
) -> People:
    """Draw everybody who comes in `days`, and in the `ahead_days` after (they come at the same pace)."""
    later = round(customers * ahead_days / days / GROWTH)
    shares = np.concatenate([rng.random(customers) ** GROWTH, 1 + ahead_days / days * rng.random(later)])
    shares.sort()
    count = len(shares)
    country = rng.choice(len(COUNTRIES), count, p=[c.share for c in COUNTRIES]).astype(np.int8)
    offset = np.array([c.offset_hours for c in COUNTRIES])[country] / 24
    begin, end = season.to_operational(0.0, offset), season.to_operational(days, offset)
    arrives_at = season.from_operational(begin + (end - begin) * shares, offset)
    arrives_at = np.maximum(arrives_at, 0.0)
    signs_up_at, first_order_at, visits_until = _draw_path(arrives_at, offset, season, rng)
    is_buyer = np.isfinite(first_order_at)
    rate = np.where(is_buyer, rng.gamma(RATE_SHAPE, 1 / RATE_SCALE_DAYS, count), 0.0)
    dropout = np.where(is_buyer, np.clip(rng.beta(DROPOUT_A, DROPOUT_B, count), 1e-3, 1.0), 1.0)
    extra_units = rng.gamma(UNITS_SHAPE, UNITS_SCALE / UNITS_SHAPE, count)
    favourite = rng.choice(len(CATEGORIES), count, p=CATALOGUE.category_shares)
    line = CATALOGUE.compute_line_amount(favourite, extra_units)
    return People(
        country=country,
        first_name=_draw_name([len(c.first_names) for c in COUNTRIES], country, rng),
        last_name=_draw_name([len(c.last_names) for c in COUNTRIES], country, rng),
        city=_draw_name([len(c.cities) for c in COUNTRIES], country, rng),
        offset=offset,
        arrives_at=arrives_at,
        signs_up_at=signs_up_at,
        first_order_at=first_order_at,
        unsubscribes_at=_draw_unsubscribes(signs_up_at, rng),
        is_tracked=np.isinf(signs_up_at) | (rng.random(count) < 0.4),
        rate=rate,
        dropout=dropout,
        extra_units=extra_units,
        favourite=favourite,
        spend_mean=line * (1 + EXTRA_LINES * EXTRA_LINE_SHARE),
        visit_rate=rng.gamma(1.5, 0.02, count),
        response_class=draw_classes(rate, rng),
        orders_left=np.where(is_buyer, rng.geometric(dropout), 0),
        left_at=np.full(count, NEVER),
        visits_until=visits_until,
        has_unsubscribed=np.zeros(count, dtype=bool),
    )


def _draw_path(
    arrives_at: np.ndarray, offset: np.ndarray, season: Season, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When each person signs up, orders first, and stops visiting while not (yet) a buyer."""
    count = len(arrives_at)
    kind = rng.random(count)
    is_visitor, is_lead = kind < VISITOR_SHARE, kind < VISITOR_SHARE + LEAD_SHARE
    begin = season.to_operational(arrives_at, offset)
    later = season.from_operational(begin + 0.05 + rng.exponential(5.0, count), offset)
    signs_up_at = np.where(rng.random(count) < 0.4, arrives_at + 4 * MINUTE, later)
    signs_up_at = np.where(is_visitor, NEVER, signs_up_at)
    known = np.where(is_visitor, arrives_at, signs_up_at)
    later = season.from_operational(
        season.to_operational(known, offset) + 0.05 + rng.exponential(8.0, count), offset
    )
    first_order_at = np.where(rng.random(count) < 0.55, known + 6 * MINUTE, later)
    visits_until = np.where(is_lead, known + rng.exponential(np.where(is_visitor, 20.0, 90.0), count), NEVER)
    return signs_up_at, np.where(is_lead, NEVER, first_order_at), visits_until


def _draw_name(sizes: list[int], country: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (rng.random(len(country)) * np.array(sizes)[country]).astype(np.int16)


def _draw_unsubscribes(signs_up_at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    leaves = rng.random(len(signs_up_at)) < 0.05
    return np.where(leaves, signs_up_at + rng.exponential(60.0, len(signs_up_at)), NEVER)
