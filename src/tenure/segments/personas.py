"""Personas: who the people of a segment are, what they do and what they need, against everybody."""

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import ibis

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.segments.compiling.moments import build_moment
from tenure.segments.definitions.definition import Persona, Segment
from tenure.segments.definitions.library import get_segment, list_segments
from tenure.segments.membership.members import build_segment_members, count_segment_members

MOST_VALUES = 5
VISIT_DAYS = 90
STALE_SECONDS = 60.0
_MOST_DIFFERENT = 5_000
_USUAL_TRAITS = ("country", "timezone")
_COLUMNS = ("country", "timezone")


@dataclass(frozen=True)
class Portion:
    """A value, or a product: how many of the persona have it, and which shares of the persona and of everybody."""

    name: str
    count: int
    share: float
    everybody_share: float


@dataclass(frozen=True)
class Trait:
    """The most frequent values of a trait. `known_share` of the persona have one at all."""

    name: str
    known_share: float
    values: tuple[Portion, ...]


@dataclass(frozen=True)
class Measure:
    """A median of the persona and of everybody; None where nobody has it."""

    name: str
    unit: str
    value: Decimal | None
    everybody: Decimal | None


@dataclass(frozen=True)
class Overlap:
    """Another persona: how many are in both, and which share of this one that is."""

    name: str
    title: str
    count: int
    share: float


@dataclass(frozen=True)
class PersonaCard:
    """A persona's profile, computed. `total_count` are all customers."""

    segment: Segment
    persona: Persona
    count: int
    total_count: int
    traits: tuple[Trait, ...]
    behaviour: tuple[Measure, ...]
    needs: Trait | None
    products: tuple[Portion, ...]
    overlaps: tuple[Overlap, ...]


def list_personas() -> list[tuple[Segment, int]]:
    """The segments that are personas, with their size."""
    return [
        (saved.segment, count_segment_members(saved.segment.name))
        for saved in list_segments()
        if saved.segment.persona is not None
    ]


def compute_persona(name: str) -> PersonaCard:
    """The profile of a segment's people; one that says nothing of them is shown by country, time zone and behaviour.

    May be a minute old. Errors: there is no such segment.
    """
    saved, lake = get_segment(name), lakes.current()

    def compute() -> PersonaCard:
        with lake.heavy():
            return _compute(saved.segment)

    card: PersonaCard = lake.answers.get(("persona", name, saved.version), compute, STALE_SECONDS)
    return card


def _compute(segment: Segment) -> PersonaCard:
    persona, members = segment.persona or Persona(), build_segment_members(segment.name)
    lake, people = lakes.current(), lakes.table("customers")
    total = int(lake.read_value(people.count().as_table()))
    count = int(lake.read_value(people.semi_join(members, "customer_id").count().as_table()))
    traits = tuple(_read_trait(name, members, count, total) for name in persona.traits or _USUAL_TRAITS)
    return PersonaCard(
        segment=segment,
        persona=persona,
        count=count,
        total_count=total,
        traits=traits,
        behaviour=_measure(members),
        needs=_read_trait(persona.needs_trait, members, count, total) if persona.needs_trait else None,
        products=_list_products(members, count, total),
        overlaps=_list_overlaps(segment.name, members, count),
    )


def _read_trait(name: str, members: ibis.Table, count: int, total: int) -> Trait:
    """Values that are lists count for each of their parts."""
    rows = _count_values(name, members)
    found: dict[str, list[int]] = {}
    known = 0
    for raw, all_count, mine in rows:
        known += mine
        for value in _list_parts(raw):
            both = found.setdefault(value, [0, 0])
            both[0] += mine
            both[1] += all_count
    ranked = sorted(
        ((mine, everybody, value) for value, (mine, everybody) in found.items() if mine), key=_rank
    )
    portions = tuple(
        Portion(value, mine, mine / (count or 1), everybody / (total or 1))
        for mine, everybody, value in ranked[:MOST_VALUES]
    )
    return Trait(name, known / (count or 1), portions)


def _rank(portion: tuple[int, int, str]) -> tuple[int, str]:
    return (-portion[0], portion[2])


def _count_values(name: str, members: ibis.Table) -> list[tuple[str, int, int]]:
    """Each value as it is written, with how many of everybody and of the members have it."""
    dialect = lakes.DUCKDB
    value = f"c.{name}" if name in _COLUMNS else lakes.build_value(dialect, "c.traits", name, "raw")
    sql = (
        f"SELECT value, count(*) AS everybody, count(member_id) AS mine FROM (SELECT {value} AS value, "
        f"m.customer_id AS member_id FROM customers AS c LEFT JOIN ({lakes.compile_sql(members)}) AS m "
        "ON m.customer_id = c.customer_id) AS valued WHERE value IS NOT NULL GROUP BY value "
        f"ORDER BY mine DESC, everybody DESC LIMIT {_MOST_DIFFERENT}"
    )
    with lakes.current().reading() as reader:
        return [(row[0], int(row[1]), int(row[2])) for row in reader.execute(sql).fetchall()]


def _list_parts(raw: str) -> list[str]:
    try:
        data = json.loads(raw)
    except ValueError:
        return [raw]
    if isinstance(data, list):
        return list(dict.fromkeys(str(part) for part in data if isinstance(part, str | int | float)))
    if isinstance(data, dict) or data is None or data == "":
        return []
    return [{True: "yes", False: "no"}[data] if isinstance(data, bool) else str(data)]


def _measure(members: ibis.Table) -> tuple[Measure, ...]:
    people = lakes.table("customers")
    joined = people.left_join(members.mutate(is_member=True), "customer_id").drop("customer_id_right")
    joined = _join_visits(joined)
    is_member = joined.is_member.fill_null(False)
    now = build_moment(clock.now())
    measured = {
        "orders": joined.order_count.fill_null(0).cast("float64"),
        "revenue": joined.revenue.fill_null(0).cast("float64"),
        "silence": (now.epoch_seconds() - joined.last_order_at.epoch_seconds()).cast("float64") / 86_400,
        "visits": joined.visits.fill_null(0).cast("float64"),
    }
    asked = {}
    for name, value in measured.items():
        asked[name] = value.quantile(0.5)
        asked[f"my_{name}"] = value.quantile(0.5, where=is_member)
    row = lakes.current().read_rows(joined.aggregate(**asked))[0]
    words = (
        ("orders", "Paid orders", "number"),
        ("revenue", "Revenue", "amount"),
        ("silence", "Days since the last order", "days"),
        ("visits", f"Visits in {VISIT_DAYS} days", "number"),
    )
    return tuple(
        Measure(title, unit, _round(row[f"my_{name}"]), _round(row[name])) for name, title, unit in words
    )


def _join_visits(people: ibis.Table) -> ibis.Table:
    """visits: how many in the last days, NULL for none."""
    since = build_moment(clock.now() - timedelta(days=VISIT_DAYS))
    sessions = customers_api.build_sessions()
    recent = sessions.filter(sessions.started_at > since)
    counted = recent.group_by("customer_id").agg(visits=recent.count())
    return people.left_join(counted, "customer_id").drop("customer_id_right")


def _round(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(round(float(value), 2)))


def _list_products(members: ibis.Table, count: int, total: int) -> tuple[Portion, ...]:
    """What most of them bought, by customers."""
    lines = customers_api.build_order_lines()
    named = lines.select("customer_id", product=ibis.coalesce(lines.name, lines.product_id, lines.sku))
    bought = named.filter(named.product.notnull()).distinct()
    joined = bought.left_join(members.mutate(is_member=True), "customer_id")
    counted = joined.group_by("product").agg(
        mine=joined.is_member.fill_null(False).sum(), everybody=joined.count()
    )
    rows = lakes.current().read_rows(
        counted.filter(counted.mine > 0).order_by(ibis.desc("mine"), "product").limit(MOST_VALUES)
    )
    return tuple(
        Portion(row["product"], int(row["mine"]), row["mine"] / (count or 1), row["everybody"] / (total or 1))
        for row in rows
    )


def _list_overlaps(name: str, members: ibis.Table, count: int) -> tuple[Overlap, ...]:
    found = []
    for segment, _ in list_personas():
        if segment.name == name:
            continue
        both = members.semi_join(build_segment_members(segment.name), "customer_id")
        number = int(lakes.current().read_value(both.count().as_table()))
        found.append(Overlap(segment.name, segment.title or segment.name, number, number / (count or 1)))
    return tuple(sorted(found, key=lambda one: (-one.count, one.name)))
