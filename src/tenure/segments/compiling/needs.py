"""What rules ask of the lake, as plain values: equal needs of many segments are computed once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import ibis
from ibis.expr.types import BooleanValue, TimestampValue, Value

from tenure.segments.compiling.windows import EVER, Window

Kind = Literal["text", "number", "moment", "raw"]
AMOUNT = "decimal(18, 4)"
DTYPES: Mapping[str, str] = {"text": "string", "number": AMOUNT, "moment": "timestamp(6)", "raw": "string"}
Function = Literal["count", "sum", "min", "max", "distinct", "first_at", "last_at", "last_text"]


@dataclass(frozen=True)
class Column:
    """A value of a row: a fixed column, or a property by its path (`address.city`) read as a kind.

    Kinds: `text`, `number` (four decimals), `moment` (naive UTC), `raw` (JSON text). What cannot be read is NULL.
    """

    name: str
    kind: Kind = "text"


class Source(Protocol):
    """Rows of customers that rules count. Every row has customer_id and occurred_at (naive UTC)."""

    @property
    def triggers(self) -> frozenset[str]:
        """The event names that bring such rows; `*` for those that any change may bring."""
        ...


class Test(Protocol):
    """A condition on a row. Frozen and compared by value."""

    @property
    def columns(self) -> tuple[Column, ...]: ...

    def build(self, column: Callable[[Column], Value]) -> BooleanValue:
        """The condition, never NULL."""
        ...

    def describe(self) -> str: ...


@dataclass(frozen=True)
class Aggregate:
    """One number or moment per customer: `function` of `of` over a source's rows in a window that pass all tests."""

    source: Source
    function: Function
    tests: tuple[Test, ...] = ()
    window: Window = EVER
    of: Column | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        own = () if self.of is None else (self.of,)
        return own + tuple(column for test in self.tests for column in test.columns)


@dataclass(frozen=True)
class Coming:
    """When the source's next row that lies in the future comes due; NULL where none does."""

    source: Source


@dataclass(frozen=True)
class Fact:
    """A value of the customer's own row: a column of the profile, or a trait.

    Origins: `profile` (columns of the customers table), `trait`, `company` (a trait of her company), `day` (local_on,
    local_day_ends_at: her own date now, and when it ends), `address` (is_email_suppressed, is_phone_suppressed).
    """

    origin: Literal["profile", "trait", "company", "day", "address"]
    column: Column


Need = Aggregate | Coming | Fact


class Facts:
    """The needs of a query, as columns of one row per customer."""

    def __init__(self, row: ibis.Table, names: Mapping[Need, str]) -> None:
        self._row = row
        self._names = names

    @property
    def customer_id(self) -> Value:
        return self._row.customer_id

    def get(self, need: Need) -> Value:
        """A need's column; counts and sums of nothing are 0, everything else of nothing is NULL."""
        column = self._row[self._names[need]]
        if isinstance(need, Aggregate):
            if need.function in ("count", "distinct"):
                return column.fill_null(0)
            if need.function == "sum":
                return column.fill_null(ibis.literal(0).cast(AMOUNT))
        return column

    def get_moment(self, need: Need) -> TimestampValue:
        moment: TimestampValue = self.get(need)
        return moment
