"""How the lake's tables become the rows and columns that rules ask for: text for one engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import ibis

from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.segments.compiling.moments import PLACEHOLDER
from tenure.segments.compiling.needs import DTYPES, Column, Fact
from tenure.segments.compiling.sources import (
    DecisionSource,
    EventSource,
    LineSource,
    ListSource,
    SessionSource,
    StageSource,
)

ORDER_KEY = Column("order key", "number")
"""Asked of event rows: a number that orders them by moment, then as they came."""
TableSource = EventSource | LineSource | SessionSource | StageSource | DecisionSource | ListSource
_NOW = f"'{PLACEHOLDER}'"


@dataclass(frozen=True)
class Rows:
    """A SELECT with customer_id, occurred_at and the asked columns, by their names in it."""

    sql: str
    schema: dict[str, str]
    names: dict[Column, str]


class Scope(Protocol):
    """Whose rows are read."""

    @property
    def only(self) -> ibis.Table | None:
        """The customer ids to read, or None for everybody."""
        ...

    def build_customers(self) -> str:
        """A SELECT of the customers table's columns."""
        ...

    def build_events(self, dialect: lakes.Dialect, event: str, columns: Sequence[Column]) -> str:
        """A SELECT of customer_id (current), seq, occurred_at and the columns as c0, c1, ..."""
        ...


@dataclass(frozen=True)
class Everyone:
    """The whole lake. `has_merges` says whether events may stand under a customer who lives on in another.

    With the lake's `event_columns`, the text holds for the lake as it is just then: compile it for each use.
    """

    has_merges: bool = True
    event_columns: lakes.EventColumns | None = None
    only: None = None

    def build_customers(self) -> str:
        return "SELECT * FROM customers"

    def build_events(self, dialect: lakes.Dialect, event: str, columns: Sequence[Column]) -> str:
        asked = [(column.name, column.kind) for column in columns]
        if self.event_columns is not None:
            rows = self.event_columns.build_event_rows(event, asked)
        else:
            rows = lakes.build_event_rows(dialect, event, asked)
        if not self.has_merges:
            return rows
        listed = ", ".join(f"e.c{number}" for number in range(len(columns)))
        return (
            "SELECT coalesce(m.into_customer_id, e.customer_id) AS customer_id, e.seq, e.occurred_at"
            f"{', ' + listed if listed else ''} FROM ({rows}) AS e "
            "LEFT JOIN merges AS m ON m.from_customer_id = e.customer_id"
        )


class Reading:
    """Builds the text for rows and profiles in one scope and one dialect."""

    def __init__(self, dialect: lakes.Dialect, scope: Scope, shop_zone: str) -> None:
        self.dialect = dialect
        self.scope = scope
        self._zone = shop_zone

    def compile(self, expression: ibis.Table) -> str:
        return self.dialect.finish(str(ibis.to_sql(expression, dialect=self.dialect.ibis_name)))

    def build_rows(self, source: TableSource, columns: Sequence[Column]) -> Rows:
        """The rows of a source that is read from tables."""
        if isinstance(source, EventSource):
            return self._build_event_rows(source, columns)
        table = self._build_table(source)
        parts, schema, names = ["customer_id", "occurred_at"], dict(_KEYS), {}
        for number, column in enumerate(columns):
            name = f"c{number}"
            dtype = "decimal(18, 4)" if column.kind == "number" else source.fixed[column.name]
            value = self.dialect.as_decimal(column.name) if column.kind == "number" else column.name
            parts.append(f"{value} AS {name}")
            schema[name], names[column] = dtype, name
        return Rows(f"SELECT {', '.join(parts)} FROM ({table}) AS source_rows", schema, names)

    def _build_event_rows(self, source: EventSource, columns: Sequence[Column]) -> Rows:
        properties = [column for column in columns if column is not ORDER_KEY]
        sql = self.scope.build_events(self.dialect, source.event, properties)
        schema = {**_KEYS, "seq": "int64"}
        names = {column: f"c{number}" for number, column in enumerate(properties)}
        schema |= {names[column]: DTYPES[column.kind] for column in properties}
        if ORDER_KEY in columns:
            names[ORDER_KEY], schema["order_key"] = "order_key", "decimal(38, 0)"
            key = self.dialect.order_key("occurred_at", "seq")
            sql = f"SELECT ordered_rows.*, {key} AS order_key FROM ({sql}) AS ordered_rows"
        return Rows(sql, schema, names)

    def build_all_events(
        self, columns: Sequence[tuple[str, Column]]
    ) -> tuple[str, dict[str, str], dict[tuple[str, Column], str]]:
        """A SELECT of the events of every name with (event, column)s, its schema and their names in it."""
        parts = ["customer_id", "seq", "occurred_at", "event"]
        schema = {**_KEYS, "seq": "int64", "event": "string", "order_key": "decimal(38, 0)"}
        names: dict[tuple[str, Column], str] = {}
        parts.append(f"{self.dialect.order_key('occurred_at', 'seq')} AS order_key")
        for event, column in columns:
            if column is ORDER_KEY:
                names[event, column] = "order_key"
                continue
            name = names[event, column] = f"c{len(names)}"
            value = lakes.build_property(self.dialect, column.name, column.kind)
            parts.append(f"CASE WHEN event = {self.dialect.quote(event)} THEN {value} END AS {name}")
            schema[name] = DTYPES[column.kind]
        return f"SELECT {', '.join(parts)} FROM events", schema, names

    def _build_table(self, source: TableSource) -> str:
        only = self.scope.only
        if isinstance(source, LineSource):
            lines = customers_api.build_order_lines(only=only)
            return self.compile(lines.rename(occurred_at="ordered_at"))
        if isinstance(source, SessionSource):
            sessions = self.compile(customers_api.build_sessions(only=only))
            minutes = self.dialect.minutes_between("started_at", "ended_at")
            return (
                "SELECT customer_id, started_at AS occurred_at, source, medium, campaign, landing_page, "
                f"{minutes} AS minutes, page_count AS pages FROM ({sessions}) AS visits"
            )
        if isinstance(source, StageSource):
            return self._build_stages(source)
        if isinstance(source, ListSource):
            return self._select_current("list_members", "added_at", "list_id")
        return self._select_current("decisions", "decided_at", "campaign_id, outcome, reason, arm")

    def _build_stages(self, source: StageSource) -> str:
        if source.model != "lifecycle":
            model = self.dialect.quote(source.model)
            return self._select_current(
                "stage_history", "since_at", "from_stage, to_stage", f"model = {model}"
            )
        moves = self._select_current("segment_history", "since_at", "segment, customer_id AS of_id")
        return (
            "SELECT customer_id, occurred_at, segment AS to_stage, "
            "lag(segment) OVER (PARTITION BY of_id ORDER BY occurred_at) AS from_stage "
            f"FROM ({moves}) AS moves"
        )

    def _select_current(self, table: str, moment: str, columns: str, where: str = "") -> str:
        """A table's rows under the customers that they belong to now."""
        listed = ", ".join(f"rows_of.{column.strip()}" for column in columns.split(","))
        conditions = [f"rows_of.{where}"] if where else []
        if self.scope.only is not None:
            ids = self.scope.only.get_name()
            conditions.append(
                f"coalesce(m.into_customer_id, rows_of.customer_id) IN (SELECT customer_id FROM {ids})"
            )
        condition = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return (
            f"SELECT coalesce(m.into_customer_id, rows_of.customer_id) AS customer_id, rows_of.{moment} AS occurred_at, "
            f"{listed} FROM {table} AS rows_of LEFT JOIN merges AS m ON m.from_customer_id = rows_of.customer_id{condition}"
        )

    def build_profiles(self, facts: Sequence[Fact]) -> tuple[str, dict[str, str], dict[Fact, str]]:
        """A SELECT of customer_id and the facts, its schema, and the facts' names in it."""
        builder = _Profiles(self.dialect, self.scope, self._zone, self.compile)
        return builder.build(facts)


_KEYS = {"customer_id": "int64", "occurred_at": "timestamp(6)"}
_BY_KIND = {"text": "string", "number": "decimal(18, 4)", "moment": "timestamp(6)", "raw": "string"}


class _Profiles:
    def __init__(self, dialect: lakes.Dialect, scope: Scope, zone: str, compiled) -> None:  # type: ignore[no-untyped-def]
        self._dialect, self._scope, self._zone, self._compile = dialect, scope, zone, compiled
        self._joins: dict[str, str] = {}

    def build(self, facts: Sequence[Fact]) -> tuple[str, dict[str, str], dict[Fact, str]]:
        parts, schema, names = ["c.customer_id AS customer_id"], {"customer_id": "int64"}, {}
        for number, fact in enumerate(facts):
            name = f"p{number}"
            value, dtype = getattr(self, f"_read_{fact.origin}")(fact.column)
            parts.append(f"{value} AS {name}")
            schema[name], names[fact] = dtype, name
        joins = "".join(self._joins.values())
        return f"SELECT {', '.join(parts)} FROM ({self._scope.build_customers()}) AS c{joins}", schema, names

    def _read_profile(self, column: Column) -> tuple[str, str]:
        what, _, model = column.name.partition(":")
        if model:
            return self._read_stage(what, model), _BY_KIND[column.kind]
        name = "external_id" if column.name == "customer_id" else column.name
        value = f"c.{name}"
        if name == "is_known":
            return f"CASE WHEN {value} THEN 'true' ELSE 'false' END", "string"
        if column.kind == "number":
            return self._dialect.as_decimal(value), "decimal(18, 4)"
        if column.kind in ("text", "raw"):
            return self._dialect.as_string(value), "string"
        return value, "timestamp(6)"

    def _read_stage(self, what: str, model: str) -> str:
        if model == "lifecycle":
            return "c.segment" if what == "stage" else "c.segment_since_at"
        alias = f"s{len([one for one in self._joins if one.startswith('stage:')])}"
        key = f"stage:{model}"
        if key not in self._joins:
            self._joins[key] = (
                f" LEFT JOIN stages_now AS {alias} ON {alias}.customer_id = c.customer_id "
                f"AND {alias}.model = {self._dialect.quote(model)}"
            )
        else:
            alias = self._joins[key].split(" AS ")[1].split(" ")[0]
        return f"{alias}.{'stage' if what == 'stage' else 'since_at'}"

    def _read_trait(self, column: Column) -> tuple[str, str]:
        return lakes.build_value(self._dialect, "c.traits", column.name, column.kind), _BY_KIND[column.kind]

    def _read_company(self, column: Column) -> tuple[str, str]:
        if "company" not in self._joins:
            companies = self._compile(customers_api.build_companies(only=self._scope.only))
            self._joins["company"] = (
                f" LEFT JOIN ({companies}) AS company ON company.customer_id = c.customer_id"
            )
        if column.name == "company_id":
            return "company.company_id", "string"
        return lakes.build_value(self._dialect, "company.traits", column.name, column.kind), _BY_KIND[
            column.kind
        ]

    def _read_day(self, column: Column) -> tuple[str, str]:
        dialect = self._dialect
        now = dialect.as_moment_literal(_NOW)
        if "day" not in self._joins:
            shop = dialect.quote(self._zone)
            self._joins["day"] = (
                f" LEFT JOIN (SELECT * FROM zone_offsets WHERE from_at <= {now} AND {now} < until_at) AS her_zone "
                "ON her_zone.zone = c.timezone "
                f"LEFT JOIN (SELECT * FROM zone_offsets WHERE zone = {shop} AND from_at <= {now} AND {now} < until_at) "
                "AS shop_zone ON true"
            )
        offset = "coalesce(her_zone.offset_seconds, shop_zone.offset_seconds, 0)"
        local = dialect.add_seconds(now, offset)
        if column.name == "local_on":
            return dialect.as_date(local), "date"
        midnight = dialect.add_seconds(dialect.start_of_next_day(local), f"(-{offset})")
        until = f"coalesce(her_zone.until_at, shop_zone.until_at, {midnight})"
        return f"CASE WHEN {midnight} < {until} THEN {midnight} ELSE {until} END", "timestamp(6)"

    def _read_address(self, column: Column) -> tuple[str, str]:
        channel = column.name.removeprefix("is_").removesuffix("_suppressed")
        key = f"address:{channel}"
        if key not in self._joins:
            self._joins[key] = (
                f" LEFT JOIN (SELECT DISTINCT address FROM suppressed_addresses WHERE channel = "
                f"{self._dialect.quote(channel)}) AS no_{channel} ON no_{channel}.address = "
                f"lower(trim(c.{'email' if channel == 'email' else 'phone'}))"
            )
        return f"(no_{channel}.address IS NOT NULL)", "boolean"
