"""`reachable`: whether she can be written to on a channel."""

from typing import Any, ClassVar, Literal

from ibis.expr.types import BooleanValue

from tenure.segments.compiling.needs import Column, Fact, Facts, Need
from tenure.segments.rules.base import Rule, Surroundings
from tenure.segments.rules.form import Input

_OPTED_OUT = Fact("profile", Column("email_opted_out_at", "moment"))


class ReachableRule(Rule):
    """Her address is known, and neither she nor a bounce said no to it."""

    title: ClassVar[str] = "Reachable"
    group: ClassVar[str] = "Permission"
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "reachable", "channel": "email"},
        {"kind": "reachable", "channel": "sms"},
    )

    form: ClassVar[tuple[Input, ...]] = (
        Input("channel", "By", "select", options=(("email", "e-mail"), ("sms", "SMS")), default="email"),
    )

    kind: Literal["reachable"] = "reachable"
    channel: Literal["email", "sms"]

    def describe(self) -> str:
        return f"is reachable by {'e-mail' if self.channel == 'email' else 'SMS'}"

    def list_needs(self, around: Surroundings) -> tuple[Need, ...]:
        return (self._address, self._suppressed, *((_OPTED_OUT,) if self.channel == "email" else ()))

    def build(self, facts: Facts, around: Surroundings) -> BooleanValue:
        is_open: BooleanValue = facts.get(self._address).notnull() & ~facts.get(self._suppressed).fill_null(
            False
        )
        return is_open & facts.get(_OPTED_OUT).isnull() if self.channel == "email" else is_open

    @property
    def _address(self) -> Fact:
        return Fact("profile", Column("email" if self.channel == "email" else "phone"))

    @property
    def _suppressed(self) -> Fact:
        return Fact("address", Column(f"is_{self.channel}_suppressed", "text"))
