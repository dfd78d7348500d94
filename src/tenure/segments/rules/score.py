"""`score`: one of the three RFM scores."""

from typing import Any, ClassVar, Literal

from ibis.expr.types import BooleanValue

from tenure.segments.compiling.needs import Column, Fact, Facts, Need
from tenure.segments.rules.base import Rule, Surroundings
from tenure.segments.rules.comparing import Bound
from tenure.segments.rules.form import Input

_NAMES = {"r": "recency", "f": "frequency", "m": "monetary"}


class ScoreRule(Rule):
    """A score from 1 to 5 (5 best). Customers without a paid order have none and meet no bound."""

    title: ClassVar[str] = "RFM score"
    group: ClassVar[str] = "Lifecycle"
    note: ClassVar[str] = "Customers without a paid order have no scores and are left out."
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "score", "dimension": "r", "bound": {"at_least": 4}},
        {"kind": "score", "dimension": "m", "bound": {"exactly": 5}},
    )

    form: ClassVar[tuple[Input, ...]] = (
        Input(
            "dimension",
            "Score",
            "select",
            options=(("r", "recency (R)"), ("f", "frequency (F)"), ("m", "monetary (M)")),
            default="r",
        ),
        Input("bound", "Is", "bound", default={"at_least": "4"}, hint="1 to 5; 5 is best."),
    )

    kind: Literal["score"] = "score"
    dimension: Literal["r", "f", "m"]
    bound: Bound

    def describe(self) -> str:
        return f"has a {_NAMES[self.dimension]} score of {self.bound.describe()}"

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return (self._fact,)

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        return self.bound.build(facts.get(self._fact)).fill_null(False)

    @property
    def _fact(self) -> Fact:
        """Scores move at midnight UTC; who is moved is looked at then."""
        return Fact("profile", Column(self.dimension, "number"))
