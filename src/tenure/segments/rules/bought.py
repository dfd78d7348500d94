"""`bought`: what was in the orders."""

from typing import Any, ClassVar, Literal, Self

from ibis.expr.types import BooleanValue, TimestampValue
from pydantic import Field, ValidationError, model_validator

from tenure.segments.compiling.moments import build_earliest
from tenure.segments.compiling.needs import Aggregate, Column, Coming, Facts, Function, Need
from tenure.segments.compiling.sources import LineSource
from tenure.segments.compiling.windows import Window
from tenure.segments.rules.base import Rule, Span, Surroundings
from tenure.segments.rules.comparing import OPERATORS, Bound, Comparison
from tenure.segments.rules.event import ONCE
from tenure.segments.rules.form import WHEN, Input
from tenure.segments.rules.testing import PropertyTest

_COLUMNS = {
    "product": "product_id",
    "sku": "sku",
    "name": "name",
    "category": "category",
    "brand": "brand",
    "variant": "variant",
}


class BoughtRule(Rule):
    """Product lines of paid orders: in how many orders, how many pieces, or for how much money.

    Orders count as they stand now: cancelled ones and those refunded in full are gone, and an update replaces the
    lines, all of that as soon as it is told, whatever day it is dated. Lines without a positive quantity are not bought.
    """

    title: ClassVar[str] = "Bought"
    group: ClassVar[str] = "Behaviour"
    note: ClassVar[str] = "“Exactly 0” includes customers who never bought anything."
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "bought", "of": "product", "value": "85123A"},
        {"kind": "bought", "of": "category", "operator": "one_of", "value": ["coffee", "tea"], "bound": {"at_least": 2}, "window": {"days": 180}},
        {"kind": "bought", "of": "brand", "value": "Hario", "measure": "amount", "bound": {"more_than": 50}},
    )  # fmt: skip

    form: ClassVar[tuple[Input, ...]] = (
        Input(
            "of",
            "By",
            "select",
            options=(
                ("product", "product number"),
                ("sku", "SKU"),
                ("name", "product name"),
                ("category", "category"),
                ("brand", "brand"),
                ("variant", "variant"),
            ),
            default="product",
            shapes=True,
        ),
        Input(
            "",
            "",
            "comparison",
            options=tuple(
                (one, OPERATORS["text"][one]) for one in ("equals", "one_of", "contains", "starts_with")
            ),
            suggest="product",
        ),
        Input(
            "measure",
            "Counted in",
            "select",
            options=(("orders", "orders"), ("quantity", "pieces"), ("amount", "money")),
            default="orders",
        ),
        Input("bound", "How much", "bound", default={"at_least": "1"}),
        WHEN,
    )

    kind: Literal["bought"] = "bought"
    of: Literal["product", "sku", "name", "category", "brand", "variant"] = "product"
    operator: Literal["equals", "one_of", "contains", "starts_with"] = "equals"
    value: str | tuple[str, ...]
    measure: Literal["orders", "quantity", "amount"] = "orders"
    bound: Bound = ONCE
    window: Span = Field(default=Span())

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        try:
            _ = self._comparison
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
        return self

    def describe(self) -> str:
        when = f" {self.window.describe()}" if self.window.describe() else ""
        what = f"{self.of} that {self._comparison.describe()}"
        if self.bound == Bound(exactly=0):
            return f"did not buy a {what}{when}"
        if self.measure == "orders" and self.bound == ONCE:
            return f"bought a {what}{when}"
        unit = {"orders": "orders with a", "quantity": "pieces of a", "amount": "in money for a"}[
            self.measure
        ]
        return f"bought {self.bound.describe()} {unit} {what}{when}"

    def list_names(self) -> tuple[tuple[str, str], ...]:
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return tuple((self.of, value) for value in values) if self.operator in ("equals", "one_of") else ()

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        sliding = (self._first(around),) if self._window(around).is_sliding else ()
        return (self._aggregate(around), *sliding, Coming(LineSource()))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        return self.bound.build(facts.get(self._aggregate(around)))

    def build_next_change(self, facts: Facts, around: Surroundings) -> TimestampValue:
        moments = [facts.get_moment(Coming(LineSource()))]
        if self._window(around).is_sliding:
            leaving = self._window(around).build_leaving(facts.get_moment(self._first(around)))
            assert leaving is not None
            moments.append(leaving)
        return build_earliest(moments)

    @property
    def _comparison(self) -> Comparison:
        return Comparison(type="text", operator=self.operator, value=self.value)

    @property
    def _tests(self) -> tuple[PropertyTest, ...]:
        return (PropertyTest(Column(_COLUMNS[self.of]), self._comparison),)

    def _window(self, around: Surroundings) -> Window:
        return self.window.as_window(around.zone)

    def _aggregate(self, around: Surroundings) -> Aggregate:
        function: Function = "distinct" if self.measure == "orders" else "sum"
        of = Column("order_id") if self.measure == "orders" else Column(self.measure, "number")
        return Aggregate(LineSource(), function, self._tests, self._window(around), of)

    def _first(self, around: Surroundings) -> Aggregate:
        return Aggregate(LineSource(), "first_at", self._tests, self._window(around))
