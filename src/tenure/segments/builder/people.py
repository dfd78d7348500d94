"""Some people by their ids, and who would enter and leave a saved segment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.segments.compiling.moments import put_now
from tenure.segments.definitions.counting import compile_members
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.membership.members import build_segment_members
from tenure.segments.rules.base import Node

MOST_SHOWN = 5


@dataclass(frozen=True)
class Person:
    """A customer as a link: who, and the lifecycle segment she is in."""

    id: int
    title: str
    detail: str
    segment: str | None
    phase: str | None


@dataclass(frozen=True)
class Difference:
    """Who would enter and who would leave, with some of each."""

    entering_count: int
    leaving_count: int
    entering: tuple[Person, ...]
    leaving: tuple[Person, ...]


def list_people(ids: Sequence[int]) -> list[Person]:
    """The customers of some ids, in that order."""
    if not ids:
        return []
    customers = customers_api.build_customers()
    rows = lakes.current().read_rows(
        customers.filter(customers.customer_id.isin(list(ids))).select(
            "customer_id", "external_id", "name", "email", "segment", "phase"
        )
    )
    found = {row["customer_id"]: _make_person(row) for row in rows}
    return [found[one] for one in ids if one in found]


def _make_person(row: dict[str, Any]) -> Person:
    title = row["name"] or row["email"] or row["external_id"]
    detail = row["email"] or row["external_id"]
    return Person(row["customer_id"], title, "" if detail == title else detail, row["segment"], row["phase"])


def compare_with_stored(node: Node, name: str, around: LedgerSurroundings) -> Difference:
    """The customers whom a definition takes now against the stored members of a segment. One query."""
    lake = lakes.current()
    stored = lake.compile(build_segment_members(name))
    sql = (
        "SELECT * FROM (SELECT customer_id, is_entry, count(*) OVER (PARTITION BY is_entry) AS in_all, "
        "row_number() OVER (PARTITION BY is_entry ORDER BY customer_id) AS place FROM ("
        "SELECT coalesce(fresh.customer_id, stored.customer_id) AS customer_id, stored.customer_id IS NULL AS is_entry "
        f"FROM ({compile_members(node, around)}) AS fresh FULL JOIN ({stored}) AS stored "
        "ON stored.customer_id = fresh.customer_id WHERE fresh.customer_id IS NULL OR stored.customer_id IS NULL"
        f") AS compared) AS placed WHERE place <= {MOST_SHOWN} ORDER BY place"
    )
    with lake.heavy(), lake.reading() as reader:
        rows = reader.execute(put_now(sql, clock.now())).to_arrow_table().to_pylist()
    people = {one.id: one for one in list_people([row["customer_id"] for row in rows])}
    sides = {is_entry: [row for row in rows if row["is_entry"] is is_entry] for is_entry in (True, False)}
    counts = {side: int(found[0]["in_all"]) if found else 0 for side, found in sides.items()}
    shown = {side: tuple(people[row["customer_id"]] for row in found) for side, found in sides.items()}
    return Difference(counts[True], counts[False], shown[True], shown[False])
