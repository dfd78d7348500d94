"""Why somebody is in a segment or not: the tree rule by rule, with her values and the events that decide."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.types import Value

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.compiling.moments import FAR_TEXT, build_earliest, put_now
from tenure.segments.compiling.needs import Aggregate, Column, Fact, Facts, Need
from tenure.segments.compiling.query import Query
from tenure.segments.compiling.reading import Reading
from tenure.segments.definitions.evidence import SHOWN, Evidence, describe_rows
from tenure.segments.definitions.library import get_segment
from tenure.segments.definitions.surroundings import LedgerSurroundings, look_around
from tenure.segments.membership.members import list_segments_of
from tenure.segments.rules.base import Group, Node, Rule, build_node, list_rules

MOST_EVIDENCE = 5
MOST_RULES_WITH_EVIDENCE = 60
MOST_LOOKS_AHEAD = 30
_ASKED = "explained_customer"
_FUNCTIONS = {
    "count": "how often", "sum": "total of", "min": "smallest", "max": "largest", "distinct": "different",
    "first_at": "first", "last_at": "last",
}  # fmt: skip
_NAMES = {
    "order_id": "orders", "local_on": "her day", "r": "R score", "f": "F score", "m": "M score",
    "email_opted_out_at": "unsubscribed", "is_email_suppressed": "address suppressed", "is_sms_suppressed": "number suppressed",
}  # fmt: skip
_AIDS = {"local_day_ends_at"}


@dataclass(frozen=True)
class Finding:
    """One thing known of her that the rule looked at. None is unknown; moments are aware."""

    label: str
    value: str | int | bool | Decimal | date | datetime | None


@dataclass(frozen=True)
class Reason:
    """One rule or group and its answer for her. `next_change_at` is when a rule's answer may change by itself."""

    place: str
    kind: str
    title: str
    sentence: str
    holds: bool
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    next_change_at: datetime | None = None
    parts: tuple["Reason", ...] = ()


@dataclass(frozen=True)
class Explanation:
    """`is_member` is evaluated now; `is_stored` is what her stored memberships say.

    `changes_at` is when the answer changes by itself if nothing happens; None where that is not before
    `looked_until_at` (None: it never does).
    """

    segment: str
    title: str
    customer_id: int
    is_member: bool
    is_stored: bool
    as_of: datetime
    changes_at: datetime | None
    looked_until_at: datetime | None
    reason: Reason

    def as_dict(self) -> dict[str, Any]:
        """For JSON: moments as ISO text, amounts as numbers."""
        written: dict[str, Any] = _write(asdict(self))
        return written


@dataclass(frozen=True)
class OneCustomer:
    """Only what belongs to one customer, the profiles merged into her included."""

    customer_id: int
    stored_ids: tuple[int, ...]

    @property
    def only(self) -> ibis.Table:
        return ibis.table({"customer_id": "int64"}, name=_ASKED)

    def build_customers(self) -> str:
        return f"SELECT * FROM customers WHERE customer_id = {self.customer_id}"

    def build_events(self, dialect: lakes.Dialect, event: str, columns: Sequence[Column]) -> str:
        rows = lakes.build_event_rows(dialect, event, [(column.name, column.kind) for column in columns])
        listed = "".join(f", e.c{number}" for number in range(len(columns)))
        ids = ", ".join(str(one) for one in self.stored_ids)
        return (
            f"SELECT CAST({self.customer_id} AS BIGINT) AS customer_id, e.seq, e.occurred_at{listed} "
            f"FROM ({rows}) AS e WHERE e.customer_id IN ({ids})"
        )


def explain_segment(name: str, customer_id: int) -> Explanation:
    """Errors: no such segment, no such customer."""
    saved = get_segment(name)
    customer = customers_api.get_customer(customer_id, events=0)
    answer = explain_node(saved.segment.node, customer.id, look_around())
    return Explanation(
        segment=saved.segment.name,
        title=saved.segment.title or saved.segment.name,
        customer_id=customer.id,
        is_member=answer.reason.holds,
        is_stored=any(one.id == saved.id for one in list_segments_of(customer.id)),
        as_of=answer.as_of,
        changes_at=answer.changes_at,
        looked_until_at=answer.looked_until_at,
        reason=answer.reason,
    )


@dataclass(frozen=True)
class NodeAnswer:
    """A tree's answer for one customer."""

    reason: Reason
    as_of: datetime
    changes_at: datetime | None
    looked_until_at: datetime | None


def explain_node(node: Node, customer_id: int, around: LedgerSurroundings) -> NodeAnswer:
    """`customer_id` is a present customer's. Nothing of anybody else is read."""
    lake, now = lakes.current(), clock.now()
    merges = lakes.table("merges")
    merged = lake.read_rows(merges.filter(merges.into_customer_id == customer_id).select("from_customer_id"))
    scope = OneCustomer(customer_id, (customer_id, *(row["from_customer_id"] for row in merged)))
    reading = Reading(lake.dialect, scope, around.zone)
    look = _Look(around)
    look.add(node, "rule")
    query = Query(reading, look.list_needs())
    asked = pa.table({"customer_id": pa.array([customer_id], pa.int64())})
    with lake.reading() as reader, reader.with_rows(_ASKED, asked):
        sql = query.compile(look.build_outputs)
        row = _read_one(reader, sql, now)
        look.answers = row
        evidence = _gather_evidence(reader, reading, look, now)
        ahead_sql = query.compile(lambda facts: _build_ahead(node, facts, around))
        changes_at, until = _look_ahead(reader, ahead_sql, now)
    return NodeAnswer(look.read(node, "rule", evidence), now, changes_at, until)


@dataclass
class _Look:
    """The questions about every rule and group of a tree, by place."""

    around: LedgerSurroundings
    nodes: dict[str, Node] = field(default_factory=dict)
    asked: dict[str, list[Need]] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)

    def add(self, node: Node, place: str) -> None:
        self.nodes[place] = node
        if isinstance(node, Rule):
            self.asked[place] = self._list_shown(node)
        for part, inner in self._list_parts(node, place):
            self.add(part, inner)

    def _list_parts(self, node: Node, place: str) -> list[tuple[Node, str]]:
        if isinstance(node, Group):
            if node.word == "not":
                return [(node.parts[0], f"{place}.not")]
            return [(part, f"{place}.{node.word}[{n}]") for n, part in enumerate(node.parts)]
        inner = node.find_inner(self.around)
        return [] if inner is None else [(inner, f"{place}.segment")]

    def _list_shown(self, rule: Rule) -> list[Need]:
        """What the rule looks at, and how many rows decide it."""
        if rule.find_inner(self.around) is not None:
            return []
        shown: dict[Need, None] = {}
        for need in rule.list_needs(self.around):
            if isinstance(need, Aggregate) or (isinstance(need, Fact) and need.column.name not in _AIDS):
                shown[need] = None
        decisive = rule.find_evidence(self.around)
        if decisive is not None and not any(
            getattr(one, "function", "") in ("count", "distinct") for one in shown
        ):
            shown = {_count(decisive): None, **shown}
        return list(shown)

    def list_needs(self) -> list[Need]:
        own = [need for needs in self.asked.values() for need in needs]
        rules = [node for node in self.nodes.values() if isinstance(node, Rule)]
        return own + [need for rule in rules for need in rule.list_needs(self.around)]

    def build_outputs(self, facts: Facts) -> dict[str, Value]:
        outputs: dict[str, Value] = {}
        for number, (place, node) in enumerate(self.nodes.items()):
            outputs[f"holds_{number}"] = build_node(node, facts, self.around)
            if isinstance(node, Rule):
                change = node.build_next_change(facts, self.around)
                if change is not None:
                    outputs[f"change_{number}"] = change
            for index, need in enumerate(self.asked.get(place, ())):
                outputs[f"found_{number}_{index}"] = facts.get(need)
        return outputs

    def read(self, node: Node, place: str, evidence: Mapping[str, tuple[Evidence, ...]]) -> Reason:
        if isinstance(node, Group) and node.word != "not" and len(node.parts) == 1:
            ((part, inner),) = self._list_parts(node, place)
            return self.read(part, inner, evidence)
        number = list(self.nodes).index(place)
        found = [self.answers.get(f"found_{number}_{n}") for n in range(len(self.asked.get(place, ())))]
        is_rule = isinstance(node, Rule)
        return Reason(
            place=place,
            kind=node.kind if isinstance(node, Rule) else node.word,
            title=node.title if isinstance(node, Rule) else _TITLES[node.word],
            sentence=node.describe() if isinstance(node, Rule) else "",
            holds=bool(self.answers[f"holds_{number}"]),
            findings=tuple(
                Finding(_label(need), _clean(value))
                for need, value in zip(self.asked.get(place, ()), found, strict=True)
            ),
            evidence=evidence.get(place, ()),
            next_change_at=_future(self.answers.get(f"change_{number}")) if is_rule else None,
            parts=tuple(self.read(part, inner, evidence) for part, inner in self._list_parts(node, place)),
        )


_TITLES = {"all": "All of these", "any": "At least one of these", "not": "Not"}


def _count(decisive: Aggregate) -> Aggregate:
    return Aggregate(decisive.source, "count", decisive.tests, decisive.window)


def _label(need: Need) -> str:
    if isinstance(need, Fact):
        name, _, model = need.column.name.partition(":")
        return {"stage": "stage", "since": "in it since"}[name] if model else _NAMES.get(name, name)
    assert isinstance(need, Aggregate)
    of = "" if need.of is None else _NAMES.get(need.of.name, need.of.name.replace("_", " "))
    if need.function == "last_text":
        return f"last {of}"
    if need.function == "distinct" and of == "orders":
        return of
    return (
        f"{_FUNCTIONS[need.function]} {of}".strip()
        if need.function != "count" or not of
        else f"how many {of}"
    )


def _clean(value: Any) -> Any:
    if isinstance(value, datetime):
        return _future(value)
    return value if value is None or isinstance(value, str | int | bool | Decimal | date) else str(value)


def _future(moment: datetime | None) -> datetime | None:
    """A moment of the lake as an aware one; the end of time is none."""
    if moment is None or moment.isoformat(sep=" ").startswith(FAR_TEXT[:10]):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_one(reader: Transaction, sql: str, now: datetime) -> dict[str, Any]:
    rows: list[dict[str, Any]] = reader.execute(put_now(sql, now)).to_arrow_table().to_pylist()
    return rows[0]


def _build_ahead(node: Node, facts: Facts, around: LedgerSurroundings) -> dict[str, Value]:
    moments = [rule.build_next_change(facts, around) for rule in list_rules(node)]
    due = build_earliest([moment for moment in moments if moment is not None])
    return {"holds": build_node(node, facts, around), "due": due}


def _look_ahead(reader: Transaction, sql: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When the answer changes by itself, and until when was looked: from one moment that may matter to the next."""
    row = _read_one(reader, sql, now)
    holds, moment = row["holds"], now
    for _ in range(MOST_LOOKS_AHEAD):
        due = _future(row["due"])
        if due is None or due <= moment:
            return None, None
        row, moment = _read_one(reader, sql, due), due
        if row["holds"] != holds:
            return moment, moment
    return None, moment


def _gather_evidence(
    reader: Transaction, reading: Reading, look: _Look, now: datetime
) -> dict[str, tuple[Evidence, ...]]:
    gathered: dict[str, tuple[Evidence, ...]] = {}
    for number, (place, node) in enumerate(look.nodes.items()):
        if not isinstance(node, Rule) or not look.asked.get(place) or number >= MOST_RULES_WITH_EVIDENCE:
            continue
        decisive = node.find_evidence(look.around)
        if decisive is None:
            continue
        columns = SHOWN.get(type(decisive.source), ())
        shown = [Aggregate(decisive.source, "max", of=column) for column in columns]
        query = Query(reading, [decisive, *shown])
        sql = query.compile_rows(decisive, columns, MOST_EVIDENCE)
        rows = reader.execute(put_now(sql, now)).to_arrow_table().to_pylist()
        gathered[place] = describe_rows(decisive.source, rows, reader)
    return gathered


def _write(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _write(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_write(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
