"""The lift that reports show, held against the planted truth, over many small shops.

Everything happens in sets: half of all buyers are mailed, their orders go straight to the tables that reports read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from tenure.experiments import api as experiments
from tenure.lake import api as lakes
from tenure.sandbox.mailing import MAILING_ROWS, Mailing
from tenure.sandbox.shop import Shop, build_shop, continue_shop, receive_mailing
from tenure.sandbox.truth import TrueEffect, build_truth, compute_true_effect
from tenure.sandbox.writing import FIRST_ORDER_NUMBER, Stretch

CONTROL_SHARE = 0.5


@dataclass(frozen=True)
class ProvenShop:
    """A shop in which one campaign ran to its end: who was assigned, and what it truly earned."""

    shop: Shop
    planned_at: datetime
    measured_until: datetime
    is_control: np.ndarray
    assigned: np.ndarray
    effect: TrueEffect


def run_proof(
    seed: int, planned_at: datetime, customers: int = 5_000, days: int = 120, measure_days: int = 14
) -> ProvenShop:
    """Build a shop, mail half of its buyers at `planned_at`, and let it live on for `measure_days` and an hour."""
    shop = build_shop(customers, days, seed, planned_at)
    buyers = np.unique(shop.history.orders.person)
    is_control = experiments.assign_arms(f"proof-{seed}", buyers + 1, CONTROL_SHARE)
    external_ids = shop.external_ids.take(pa.array(buyers))
    effect = compute_true_effect(build_truth(shop), external_ids, measure_days)
    mailed = external_ids.filter(pa.array(~is_control))
    receive_mailing(shop, build_mailing(1, mailed, planned_at))
    until = planned_at + timedelta(days=measure_days, hours=1)
    continue_shop(shop, until)
    return ProvenShop(shop, planned_at, until, is_control, buyers, effect)


def build_mailing(campaign_id: int, external_ids: pa.Array, sent_at: datetime) -> Mailing:
    """A mailing to `external_ids`, all at one moment, answered by events."""
    count = len(external_ids)
    moment = pa.scalar(sent_at.replace(tzinfo=None), pa.timestamp("us"))
    columns = [external_ids, pa.nulls(count, pa.int64()), pa.repeat(moment, count), pa.repeat(False, count)]
    sent = pa.table(columns, schema=MAILING_ROWS)
    return Mailing(campaign_id, "Proof", "A note from us", "https://shop.example/", sent)


def write_to_lake(proven: ProvenShop, campaign_id: int) -> None:
    """Put orders, refunds and the assignment into the open lake; a customer's id is the person's index plus one."""
    people = proven.assigned.size
    decisions = pa.table(
        {
            "campaign_id": np.full(people, campaign_id, np.int64),
            "customer_id": proven.assigned + 1,
            "decided_at": pa.repeat(_moment(proven.planned_at), people),
            "outcome": pa.array(np.where(proven.is_control, "held_out", "planned").tolist()),
            "reason": pa.nulls(people, pa.string()),
            "arm": pa.array(np.where(proven.is_control, "control", "treatment").tolist()),
        }
    )
    stretch = proven.shop.history

    def write(work: lakes.Transaction) -> None:
        work.append("decisions", decisions)
        work.append("order_events", _list_order_events(stretch))

    lakes.current().write(write)


def _list_order_events(stretch: Stretch) -> pa.Table:
    orders, refunds = stretch.orders, stretch.refunds
    numbers = (
        np.concatenate([stretch.first_order + np.arange(len(orders)), refunds.number]) + FIRST_ORDER_NUMBER
    )
    at = np.concatenate([orders.ordered_at, refunds.refunded_at])
    kinds = ["completed"] * len(orders) + ["refunded"] * len(refunds.number)
    begin = np.datetime64(stretch.shop_starts_at.replace(tzinfo=None), "us")
    return pa.table(
        {
            "seq": np.arange(1, len(at) + 1),
            "customer_id": np.concatenate([orders.person, refunds.person]).astype(np.int64) + 1,
            "order_id": pa.array(numbers).cast(pa.string()),
            "kind": pa.array(kinds),
            "occurred_at": pa.array(begin + np.floor(at * 86_400e6).astype("timedelta64[us]")),
            "amount": _cents(np.concatenate([orders.cents, refunds.cents])),
            "currency": pa.repeat(stretch.currency, len(at)),
        }
    )


def _cents(cents: np.ndarray) -> pa.Array:
    return pa.array(cents / 100).cast(pa.decimal128(18, 4), safe=False)


def _moment(moment: datetime) -> pa.Scalar:
    return pa.scalar(moment.replace(tzinfo=None), pa.timestamp("us"))
