"""The rows that decide a rule, in words."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.compiling.needs import Column, Source
from tenure.segments.compiling.sources import (
    DecisionSource,
    EventSource,
    LineSource,
    ListSource,
    SequenceSource,
    SessionSource,
    StageSource,
)


@dataclass(frozen=True)
class Evidence:
    """Something that happened and counts for a rule. `seq` is an event's number in the lake."""

    at: datetime
    what: str
    detail: str = ""
    seq: int | None = None


SHOWN: Mapping[type, tuple[Column, ...]] = {
    LineSource: (
        Column("order_id"),
        Column("name"),
        Column("product_id"),
        Column("quantity", "number"),
        Column("amount", "number"),
    ),
    SessionSource: (
        Column("landing_page"),
        Column("source"),
        Column("minutes", "number"),
        Column("pages", "number"),
    ),
    StageSource: (Column("from_stage"), Column("to_stage")),
    DecisionSource: (Column("campaign_id", "number"), Column("outcome"), Column("reason")),
}
"""What is read of the rows of a source besides their moment; events are looked up by their number."""


def describe_rows(
    source: Source, rows: Sequence[Mapping[str, Any]], reader: Transaction
) -> tuple[Evidence, ...]:
    """`rows` have occurred_at, c0, c1, ... as SHOWN lists them, and seq where they are events."""
    if isinstance(source, EventSource | SequenceSource):
        return _describe_events(rows, reader)
    say = _SENTENCES[type(source)]
    return tuple(Evidence(row["occurred_at"].replace(tzinfo=UTC), *say(row)) for row in rows)


def _describe_events(rows: Sequence[Mapping[str, Any]], reader: Transaction) -> tuple[Evidence, ...]:
    if not rows:
        return ()
    events, currency = lakes.table("events"), customers_api.find_shop_currency()
    wanted = events.filter(events.seq.isin([row["seq"] for row in rows]))
    found = {
        event["seq"]: event for event in reader.read_rows(wanted.select("seq", "type", "event", "properties"))
    }
    evidence = []
    for row in rows:
        event = found[row["seq"]]
        properties = json.loads(event["properties"] or "{}")
        said = customers_api.describe_event(event["type"], event["event"], properties, currency)
        evidence.append(Evidence(row["occurred_at"].replace(tzinfo=UTC), said.title, said.detail, row["seq"]))
    return tuple(evidence)


def _say_line(row: Mapping[str, Any]) -> tuple[str, str]:
    pieces = "" if row["c3"] is None else f"{row['c3']:,.4f}".rstrip("0").rstrip(".") + " x "
    amount = "" if row["c4"] is None else f", {row['c4']:,.2f}"
    return f"{pieces}{row['c1'] or row['c2'] or 'a product'}{amount}", f"order {row['c0']}"


def _say_visit(row: Mapping[str, Any]) -> tuple[str, str]:
    came = f", from {row['c1']}" if row["c1"] else ""
    return (
        f"Visited{came}",
        f"{float(row['c2'] or 0):,.0f} minutes, {int(row['c3'] or 0):,} pages, began on {row['c0'] or 'an unknown page'}",
    )


def _say_move(row: Mapping[str, Any]) -> tuple[str, str]:
    return f"Moved to {row['c1']}", f"from {row['c0']}" if row["c0"] else ""


def _say_decision(row: Mapping[str, Any]) -> tuple[str, str]:
    return f"Campaign {int(row['c0'] or 0)}: {(row['c1'] or '').replace('_', ' ')}", (
        row["c2"] or ""
    ).replace("_", " ")


def _say_place(row: Mapping[str, Any]) -> tuple[str, str]:
    return "Put on the list", ""


_SENTENCES: Mapping[type, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    LineSource: _say_line,
    SessionSource: _say_visit,
    StageSource: _say_move,
    DecisionSource: _say_decision,
    ListSource: _say_place,
}
