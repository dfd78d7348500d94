"""One query for any number of rules: equal needs once, one pass over the rows of each source."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

import ibis
from ibis.expr.types import BooleanValue, Value

from tenure.segments.compiling.moments import NOW, PLACEHOLDER
from tenure.segments.compiling.needs import AMOUNT, Aggregate, Column, Coming, Fact, Facts, Need
from tenure.segments.compiling.reading import ORDER_KEY, Reading, Rows
from tenure.segments.compiling.sources import (
    AnySource,
    EventSource,
    SequenceSource,
    Step,
    build_sequence,
    list_step_columns,
)

_RESULTS = {
    "count": "int64",
    "distinct": "int64",
    "sum": AMOUNT,
    "first_at": "timestamp(6)",
    "last_at": "timestamp(6)",
}
Outputs = Callable[[Facts], dict[str, Value]]


class Query:
    """Compiles needs into common table expressions, and outputs over one row per customer on top of them."""

    _beside: ClassVar[dict[str, str]] = {}
    """Columns that every row carries besides what was asked."""

    def __init__(self, reading: Reading, needs: Iterable[Need]) -> None:
        self._reading = reading
        self._parts: list[tuple[str, str]] = []
        self._schema: dict[str, str] = {"customer_id": "int64", **self._beside}
        self._names: dict[Need, str] = {}
        self._passes: list[str] = []
        wanted = list(dict.fromkeys(needs))
        self._add_profiles([need for need in wanted if isinstance(need, Fact)])
        self._event_columns = _gather_event_columns(wanted)
        self._rows: dict[AnySource, tuple[ibis.Table, dict[Column, str]]] = {}
        self._add_sources(wanted)
        self._join()

    def _add_sources(self, wanted: Sequence[Need]) -> None:
        for source in dict.fromkeys(need.source for need in wanted if isinstance(need, Aggregate | Coming)):
            mine = [need for need in wanted if getattr(need, "source", None) == source]
            self._add_source(source, mine)  # type: ignore[arg-type]

    def compile(self, outputs: Outputs, is_total: bool = False) -> str:
        """A statement giving customer_id and the outputs, or, with `is_total`, one row of aggregated outputs.

        The moment of evaluation stands in it as `moments.PLACEHOLDER`.
        """
        row = ibis.table(self._schema, name="facts_row")
        columns = outputs(Facts(row, self._names))
        if is_total:
            return self.finish(row.aggregate(**columns))
        return self.finish(row.select("customer_id", **columns))

    def compile_where(self, condition: Callable[[Facts], BooleanValue]) -> str:
        """A statement giving the customer_id of everybody who meets a condition."""
        row = ibis.table(self._schema, name="facts_row")
        return self.finish(row.filter(condition(Facts(row, self._names))).select("customer_id"))

    def compile_rows(self, aggregate: Aggregate, columns: Sequence[Column], most: int) -> str:
        """A statement giving the rows that an aggregate counts: occurred_at, seq of events, `columns` as c0, c1, ...

        The latest first; the earliest where the first one decides. The columns are among the query's needs.
        """
        table, names = self._find_rows(aggregate.source)  # type: ignore[arg-type]
        past = table.filter(table.occurred_at <= NOW)
        conditions = _list_conditions(past, names, aggregate)
        rows = past.filter(*conditions) if conditions else past
        keys = [name for name in ("occurred_at", "seq") if name in rows.columns]
        is_first = aggregate.function == "first_at"
        ordered = rows.order_by([rows[key].asc() if is_first else rows[key].desc() for key in keys])
        shown = {f"c{number}": rows[names[column]] for number, column in enumerate(columns)}
        return self.finish(ordered.limit(most).select(*keys, **shown))

    def finish(self, expression: ibis.Table) -> str:
        parts = ",\n".join(
            f"{name} ({sql})" if " AS " in name else f"{name} AS ({sql})" for name, sql in self._parts
        )
        return f"WITH {parts}\nSELECT * FROM ({self._reading.compile(expression)}) AS answer"

    def _add_profiles(self, facts: Sequence[Fact]) -> None:
        sql, schema, names = self._reading.build_profiles(facts)
        self._parts.append(("profiles", sql))
        self._schema |= schema
        self._names |= names

    def _add_source(self, source: AnySource, needs: list[Need]) -> None:
        table, names = self._find_rows(source)
        aggregates = [need for need in needs if isinstance(need, Aggregate)]
        if aggregates:
            self._add_pass(_build_pass(table, names, aggregates, self._name_all(aggregates)), aggregates)
        coming = [need for need in needs if isinstance(need, Coming)]
        if coming:
            name = self._name_all(coming)[0]
            later = table.filter(table.occurred_at > NOW)
            self._add_pass(later.group_by("customer_id").agg(**{name: later.occurred_at.min()}), coming)

    def _name_all(self, needs: Sequence[Need]) -> list[str]:
        first = len(self._names)
        given = [f"f{first + number}" for number in range(len(needs))]
        self._names |= dict(zip(needs, given, strict=True))
        return given

    def _add_pass(self, expression: ibis.Table, needs: Sequence[Need]) -> None:
        name = f"pass_{len(self._passes)}"
        self._parts.append((name, self._reading.compile(expression)))
        self._passes.append(name)
        for need in needs:
            self._schema[self._names[need]] = str(expression.schema()[self._names[need]])

    def _find_rows(self, source: AnySource) -> tuple[ibis.Table, dict[Column, str]]:
        if source in self._rows:
            return self._rows[source]
        name = f"rows_{len(self._rows)}"
        if isinstance(source, SequenceSource):
            steps = [self._build_step(step) for step in source.steps]
            schema = {"customer_id": "int64", "seq": "int64", "occurred_at": "timestamp(6)"}
            rows = Rows(self._reading.compile(build_sequence(source, steps)), schema, {})
            name = f"rows_{len(self._rows)}"
        else:
            rows = self._reading.build_rows(source, self._event_columns.get(source, ()))
        self._parts.append((name, rows.sql))
        self._rows[source] = (ibis.table({**rows.schema, **self._beside}, name=name), rows.names)
        return self._rows[source]

    def _build_step(self, step: Step) -> ibis.Table:
        table, names = self._find_rows(EventSource(step.event))
        conditions = [test.build(lambda column: table[names[column]]) for test in step.tests]
        return table.filter(*conditions) if conditions else table

    def _join(self) -> None:
        joins = []
        for name in self._passes:
            joins.append(f"LEFT JOIN {name} ON {name}.customer_id = profiles.customer_id")
        columns = [column for column in self._schema if not column.startswith("f")]
        listed = [f"profiles.{column} AS {column}" for column in columns]
        listed += [column for column in self._schema if column.startswith("f")]
        sql = f"SELECT {', '.join(listed)} FROM profiles {' '.join(joins)}"
        self._parts.append(("facts_row", sql))


def _gather_event_columns(needs: Sequence[Need]) -> dict[AnySource, tuple[Column, ...]]:
    """The columns that are asked of each source, a sequence's steps included."""
    found: dict[AnySource, dict[Column, None]] = {}
    for need in needs:
        if isinstance(need, Aggregate):
            columns = found.setdefault(need.source, {})  # type: ignore[arg-type]
            columns.update(dict.fromkeys(need.columns))
            if need.function == "last_text":
                columns[ORDER_KEY] = None
        if isinstance(need, Aggregate | Coming) and isinstance(need.source, SequenceSource):
            for step in need.source.steps:
                found.setdefault(EventSource(step.event), {}).update(dict.fromkeys(list_step_columns(step)))
    return {source: tuple(columns) for source, columns in found.items()}


def _build_pass(
    table: ibis.Table, names: dict[Column, str], aggregates: Sequence[Aggregate], given: Sequence[str]
) -> ibis.Table:
    """Everything that is asked of one source, per customer. What all have in common is filtered before."""
    past = table.filter(table.occurred_at <= NOW)
    conditions = [_list_conditions(past, names, aggregate) for aggregate in aggregates]
    if len(aggregates) == 1 and conditions[0]:
        past = past.filter(*conditions[0])
        conditions = [[]]
    else:
        past = _cut_at_start(past, aggregates)
        conditions = [_list_conditions(past, names, aggregate) for aggregate in aggregates]
    measured = {
        name: _aggregate(past, names, aggregate, ibis.and_(*where) if where else None)
        for name, aggregate, where in zip(given, aggregates, conditions, strict=True)
    }
    return past.group_by("customer_id").agg(**measured)


def _cut_at_start(past: ibis.Table, aggregates: Sequence[Aggregate]) -> ibis.Table:
    """Only what the longest window reaches, where every one has a start."""
    sliding = [aggregate.window.seconds for aggregate in aggregates]
    if all(seconds is not None for seconds in sliding):
        longest = max(aggregates, key=lambda aggregate: aggregate.window.seconds or 0)
        start = longest.window.build_start()
        return past.filter(past.occurred_at > start) if start is not None else past
    return past


def _list_conditions(past: ibis.Table, names: dict[Column, str], aggregate: Aggregate) -> list[BooleanValue]:
    conditions = [test.build(lambda column: past[names[column]]) for test in aggregate.tests]
    inside = aggregate.window.build(past.occurred_at)
    return conditions if inside is None else [inside, *conditions]


def _aggregate(
    past: ibis.Table, names: dict[Column, str], aggregate: Aggregate, where: BooleanValue | None
) -> Value:
    """The condition lies inside the value, not beside it: a hundred filters of one aggregation cost a multiple."""
    of = None if aggregate.of is None else past[names[aggregate.of]]
    if aggregate.function == "last_text":
        assert of is not None
        return of.argmax(past[names[ORDER_KEY]], where=where)
    if aggregate.function in ("first_at", "last_at"):
        moments = _only(past.occurred_at, where)
        return moments.min() if aggregate.function == "first_at" else moments.max()
    if of is None:
        return past.count() if where is None else _only(ibis.literal(1, "int64"), where).count()
    values = _only(of, where)
    match aggregate.function:
        case "count":
            return values.count()
        case "sum":
            return values.sum()
        case "min":
            return values.min()
        case "max":
            return values.max()
    return values.nunique()


def _only(value: Value, where: BooleanValue | None) -> Value:
    return value if where is None else ibis.ifelse(where, value, ibis.null(value.type()))


class SmallQuery(Query):
    """For a few customers: the events of all names in one pass, because here each pass costs more than its rows.

    The moment of evaluation stands in the table `moment` (now_at): a statement with parameters is planned anew each time.
    """

    _beside: ClassVar[dict[str, str]] = {"now_at": "timestamp(6)"}

    def finish(self, expression: ibis.Table) -> str:
        self._parts = [(name, _read_moment(name, sql)) for name, sql in self._parts]
        return _MOMENT.sub("now_at", super().finish(expression))

    def _add_sources(self, wanted: Sequence[Need]) -> None:
        events = [need for need in wanted if isinstance(getattr(need, "source", None), EventSource)]
        columns = {
            (source.event, column): None
            for source, asked in self._event_columns.items()
            if isinstance(source, EventSource)
            for column in asked
        }
        sql, schema, self._together = self._reading.build_all_events(list(columns))
        self._parts.append(("happened AS MATERIALIZED", sql))
        self._happened = ibis.table({**schema, **self._beside}, name="happened")
        if events:
            names = self._name_all(events)
            measured = {name: self._measure(need) for name, need in zip(names, events, strict=True)}
            self._add_pass(self._happened.group_by("customer_id").agg(**measured), events)
        super()._add_sources([need for need in wanted if need not in set(events)])

    def _measure(self, need: Need) -> Value:
        rows, source = self._happened, need.source  # type: ignore[union-attr]
        is_it = rows.event == source.event
        if isinstance(need, Coming):
            return _only(rows.occurred_at, is_it & (rows.occurred_at > NOW)).min()
        assert isinstance(need, Aggregate)
        names = {column: name for (event, column), name in self._together.items() if event == source.event}
        conditions = [is_it, rows.occurred_at <= NOW, *_list_conditions(rows, names, need)]
        return _aggregate(rows, names, need, ibis.and_(*conditions))

    def _build_step(self, step: Step) -> ibis.Table:
        rows = self._happened
        names = {column: name for (event, column), name in self._together.items() if event == step.event}
        conditions = [test.build(lambda column: rows[names[column]]) for test in step.tests]
        return rows.filter(rows.event == step.event, *conditions)


_MOMENT = re.compile(rf"CAST\('{PLACEHOLDER}' AS TIMESTAMP(\(6\))?\)")


def _read_moment(name: str, sql: str) -> str:
    """Rows with the moment beside them; in what is made of rows it is a column."""
    if name.startswith(("pass_", "facts_row")):
        return sql
    inner = _MOMENT.sub("(SELECT now_at FROM moment)", sql)
    return f"SELECT rows_then.*, moment.now_at FROM ({inner}) AS rows_then CROSS JOIN moment"
