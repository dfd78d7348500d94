"""What only the simulation knows, and the effect of a mail that follows from it.

The truth stays in the sandbox: no other room reads it, reports are only held against it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tenure.base.errors import TenureError
from tenure.sandbox.process import EXPECTED_REFUND, compute_refund_share_within
from tenure.sandbox.responses import (
    CLASSES,
    EFFECT_DAYS,
    compute_order_share_within,
    get_class_values,
)
from tenure.sandbox.season import Season
from tenure.sandbox.shop import Shop

METADATA_KEY = b"tenure.sandbox"
GRID = 400


@dataclass(frozen=True)
class Truth:
    """The truth about every person at one moment.

    `people` has one row per person: external_id, response_class, rate (orders per average day), dropout_probability
    (after each repeat order), first_order_at and alive_until (naive UTC; null is never, or still alive), is_active
    (has ordered and will still order), spend_mean, extra_order_probability (planted effect of one mail), offset_days.
    """

    at: datetime
    starts_at: datetime
    season_days: float
    currency: str
    people: pa.Table

    def write(self, path: Path) -> None:
        """Write a Parquet file; its folder is made when needed."""
        described = {
            "at": self.at.isoformat(),
            "starts_at": self.starts_at.isoformat(),
            "season_days": self.season_days,
            "currency": self.currency,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            self.people.replace_schema_metadata({METADATA_KEY: json.dumps(described).encode()}), path
        )

    @classmethod
    def read(cls, path: Path) -> "Truth":
        table = pq.read_table(path)
        described = json.loads((table.schema.metadata or {})[METADATA_KEY])
        at, starts_at = (datetime.fromisoformat(described[key]) for key in ("at", "starts_at"))
        return cls(at, starts_at, described["season_days"], described["currency"], table)


@dataclass(frozen=True)
class TrueEffect:
    """The planted effect of mailing, per assigned person, over a window that begins at the mailing."""

    people_count: int
    days: float
    revenue_per_person: float
    conversion_difference: float
    baseline_revenue_per_person: float
    baseline_conversion: float


def build_truth(shop: Shop) -> Truth:
    """The truth of a shop at its present moment (`shop.until`), for those who have turned up by then."""
    people, now = shop.people, (shop.until - shop.starts_at) / timedelta(days=1)
    here = people.arrives_at < now
    classes = people.response_class
    is_active = (people.first_order_at < now) & (people.orders_left > 0)
    columns = {
        "external_id": shop.external_ids,
        "response_class": pa.array([c.name for c in CLASSES]).take(pa.array(classes)),
        "rate": people.rate,
        "dropout_probability": people.dropout,
        "first_order_at": _to_moments(shop, people.first_order_at),
        "alive_until": _to_moments(shop, people.left_at),
        "is_active": is_active,
        "spend_mean": people.spend_mean,
        "extra_order_probability": get_class_values(classes, "extra_order_share"),
        "offset_days": people.offset,
    }
    table = pa.table(columns).filter(pa.array(here))
    return Truth(shop.until, shop.starts_at, shop.season.days, shop.currency, table)


def compute_true_effect(truth: Truth, external_ids: pa.Array | pa.ChunkedArray, days: float) -> TrueEffect:
    """Planted expected difference, mailed minus not mailed, per assigned person within `days` of the mailing.

    The mailing is taken to happen at `truth.at`. Revenue is net of the refunds made within the window. Without a
    mail an active person's orders are expected to be (1 - exp(-rate p T)) / p for dropout p and window T in
    operational days; a mail adds the extra order of the persuaded and slows the annoyed down.
    """
    people = _pick(truth.people, external_ids)
    rate, dropout, spend = (_numbers(people[n]) for n in ("rate", "dropout_probability", "spend_mean"))
    factor, opens = (get_class_values(_class_numbers(people), n) for n in ("rate_factor", "open_share"))
    active = _numbers(people["is_active"])
    window = _measure_window(truth, _numbers(people["offset_days"]), days)
    slow_window = _measure_window(truth, _numbers(people["offset_days"]), min(days, EFFECT_DAYS))
    first = _numbers(people["first_order_at"].cast(pa.int64()).fill_null(np.iinfo(np.int64).max))
    orders_first = (first >= _naive_us(truth.at)) & (first < _naive_us(truth.at + timedelta(days=days)))
    orders = active * (1 - np.exp(-rate * dropout * window)) / dropout + orders_first
    slowed = window - (1 - factor) * slow_window
    orders_slowed = active * (1 - np.exp(-rate * dropout * slowed)) / dropout + orders_first
    no_order = np.where(active > 0, np.exp(-rate * window), 1.0) * ~orders_first
    no_order_slowed = np.where(active > 0, np.exp(-rate * slowed), 1.0) * ~orders_first
    extra = _numbers(people["extra_order_probability"]) * compute_order_share_within(days)
    kept, kept_extra = _compute_kept_shares(days)
    revenue = extra * kept_extra * spend - opens * (orders - orders_slowed) * kept * spend
    conversion = extra * no_order - opens * (no_order_slowed - no_order)
    return TrueEffect(
        people_count=len(people),
        days=days,
        revenue_per_person=float(revenue.mean()),
        conversion_difference=float(conversion.mean()),
        baseline_revenue_per_person=float((orders * kept * spend).mean()),
        baseline_conversion=float((1 - no_order).mean()),
    )


def _compute_kept_shares(days: float) -> tuple[float, float]:
    """Share of an order's amount not refunded by the end of the window: of orders by habit, and of extra orders."""
    edges = np.linspace(0, days, GRID + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    refunded = EXPECTED_REFUND * compute_refund_share_within(days - middles)
    weights = np.diff(compute_order_share_within(edges))
    return 1 - float(refunded.mean()), 1 - float((refunded * weights).sum() / weights.sum())


def _measure_window(truth: Truth, offset: np.ndarray, days: float) -> np.ndarray:
    season = Season(truth.starts_at, truth.season_days)
    begin = (truth.at - truth.starts_at) / timedelta(days=1)
    return season.to_operational(begin + days, offset) - season.to_operational(begin, offset)


def _pick(people: pa.Table, external_ids: pa.Array | pa.ChunkedArray) -> pa.Table:
    if not len(external_ids):
        raise TenureError("nobody", "Give at least one assigned person.")
    places = pc.index_in(external_ids, value_set=people["external_id"])
    if places.null_count:
        raise TenureError("unknown_person", "This shop has nobody with some of the given ids.")
    return people.take(places)


def _class_numbers(people: pa.Table) -> np.ndarray:
    names = pa.array([c.name for c in CLASSES])
    return _numbers(pc.index_in(people["response_class"], value_set=names)).astype(np.int64)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    values = column.to_numpy()
    return values if values.dtype.kind != "b" else values.astype(float)


def _to_moments(shop: Shop, days: np.ndarray) -> pa.Array:
    is_ever = np.isfinite(days)
    moments = _naive_us(shop.starts_at) + np.floor(np.where(is_ever, days, 0) * 86_400e6).astype(np.int64)
    return pa.array(moments, mask=~is_ever).cast(pa.timestamp("us"))


def _naive_us(moment: datetime) -> int:
    return int(np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
