"""Exact counts of a definition that nobody saved yet, and who would be in it."""

import operator
from dataclasses import dataclass
from typing import Any

from tenure.base import clock
from tenure.lake import api as lakes
from tenure.segments.compiling.moments import put_now
from tenure.segments.compiling.needs import Facts, Need
from tenure.segments.compiling.query import Query
from tenure.segments.compiling.reading import Everyone, Reading
from tenure.segments.definitions.checking import check_references
from tenure.segments.definitions.definition import Segment
from tenure.segments.definitions.surroundings import LedgerSurroundings, look_around
from tenure.segments.rules.base import Group, Node, build_node, describe_node, join_evenly, list_rules

SAMPLE_SIZE = 10


@dataclass(frozen=True)
class Step:
    """One condition of a definition: who meets it, and who is left after it and all before it."""

    sentence: str
    own_count: int
    left_count: int


@dataclass(frozen=True)
class Count:
    """How many customers a definition takes, of how many, and where the others are lost."""

    count: int
    total_count: int
    steps: tuple[Step, ...]


def count_node(node: Node, around: LedgerSurroundings) -> Count:
    """Exact, as of now. One query."""
    parts = _list_steps(node)

    def outputs(facts: Facts) -> dict[str, Any]:
        conditions = [build_node(part, facts, around) for part in parts]
        one = facts.customer_id
        columns = {"total": one.count(), "found": one.count(where=build_node(node, facts, around))}
        for number, condition in enumerate(conditions):
            columns[f"own_{number}"] = one.count(where=condition)
            columns[f"left_{number}"] = one.count(where=join_evenly(conditions[: number + 1], operator.and_))
        return columns

    query = build_query(list_needs([node], around), around)
    row = _ask(query.compile(outputs, is_total=True))[0]
    steps = tuple(
        Step(describe_node(part), int(row[f"own_{number}"] or 0), int(row[f"left_{number}"] or 0))
        for number, part in enumerate(parts)
    )
    return Count(int(row["found"] or 0), int(row["total"] or 0), steps)


def count_segment(segment: Segment) -> Count:
    """Exact, as of now, whether it is saved or not. Errors: it refers to what does not exist."""
    around = look_around()
    check_references(segment, around)
    return count_node(segment.node, around)


def sample_node(node: Node, around: LedgerSurroundings, most: int = SAMPLE_SIZE) -> list[int]:
    """The ids of some customers whom a definition takes: always the same while nothing changes."""
    members = compile_members(node, around)
    sql = f"SELECT customer_id FROM ({members}) AS found ORDER BY (customer_id * 7919) % 10007, customer_id LIMIT {most}"
    return [int(row["customer_id"]) for row in _ask(sql)]


def compile_members(node: Node, around: LedgerSurroundings) -> str:
    """A statement giving the customer_id of everybody whom a definition takes now."""
    query = build_query(list_needs([node], around), around)
    return put_now(query.compile_where(lambda facts: build_node(node, facts, around)), clock.now())


def list_needs(nodes: list[Node], around: LedgerSurroundings) -> list[Need]:
    return [need for node in nodes for rule in list_rules(node) for need in rule.list_needs(around)]


def build_query(needs: list[Need], around: LedgerSurroundings) -> Query:
    """Over everybody in the lake of this process."""
    lake = lakes.current()
    has_merges = bool(lake.read_value(lakes.table("merges").count().as_table()))
    scope = Everyone(has_merges, event_columns=lake.columns)
    return Query(Reading(lake.dialect, scope, around.zone), needs)


def _ask(sql: str) -> list[dict[str, Any]]:
    lake = lakes.current()
    with lake.heavy(), lake.reading() as reader:
        rows: list[dict[str, Any]] = reader.execute(put_now(sql, clock.now())).to_arrow_table().to_pylist()
    return rows


def _list_steps(node: Node) -> list[Node]:
    """What stands side by side at the top of a definition."""
    return list(node.parts) if isinstance(node, Group) and node.word == "all" else [node]
