"""The nearest way up for one customer: what one or two more orders would do, tried with the scoring itself."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Any

import ibis
import pyarrow as pa

from tenure.base import clock
from tenure.lake import api as lakes
from tenure.segments.rfm import library
from tenure.segments.rfm.cutpoints import Cutpoints, compute_initial_cutpoints
from tenure.segments.rfm.measures import build_current_measures
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.queries import score
from tenure.segments.rfm.runs import find_stored_cutpoints

LADDER = (
    "Engaged Visitors", "Loyal Visitors", "Falling Asleep Customers", "At Risk Customers", "Cannot-lose Customers",
    "First-time Customers", "Recent Customers", "Promising Customers", "Potential Loyalists", "Loyal Customers",
    "Champions",
)  # fmt: skip
"""The segments of the customer lifecycle from below: phases by their rank, and within them from less to more."""
MOST_ORDERS = 2
_ANY_AMOUNT = Decimal("0.01")
_ROWS = "next_step_rows"
_COLUMNS = (
    "customer_id", "external_id", "contact_known_at", "first_seen_at", "order_count", "last_order_at", "revenue",
)  # fmt: skip
_NUMBERS = ("no", "one", "two")


@dataclass(frozen=True)
class NextStep:
    """What moves a customer up to `segment`: `order_count` more orders of at least `least_amount` each (None: any).

    No orders means that an e-mail or phone is enough. `by_on` is the last day before the customer falls
    back if nothing happens; None where nothing is lost by waiting. Holds while the cut-points do, until the next
    scoring.
    """

    segment: str
    phase: str
    order_count: int
    least_amount: Decimal | None
    by_on: date | None

    def describe(self, money: str) -> str:
        """As a sentence; `money` is `least_amount` as it is written."""
        if not self.order_count:
            return f"Leaving an e-mail address or a phone number moves this customer up to {self.segment}."
        orders = "order" if self.order_count == 1 else "orders"
        each = " each" if self.order_count > 1 else ""
        least = f"of at least {money}{each}" if self.least_amount is not None else "of any amount"
        by = f" by {self.by_on.day} {self.by_on:%B %Y}" if self.by_on else ""
        moves = "moves" if self.order_count == 1 else "move"
        number = _NUMBERS[self.order_count].capitalize()
        return f"{number} more {orders} {least}{by} {moves} this customer up to {self.segment}."


@dataclass(frozen=True)
class WayUp:
    """The nearest step, and the nearest into a higher phase where that is another one; or why there is none."""

    steps: tuple[NextStep, ...]
    reason: str = ""


@dataclass(frozen=True)
class _Trial:
    """Something that might happen: an address given, orders, or days that pass without any."""

    order_count: int = 0
    least_amount: Decimal | None = None
    gives_contact: bool = False
    days: int = 0


def compute_way_up(customer_id: int) -> WayUp:
    """The nearest ways up in the customer lifecycle, as of now."""
    lake, day, preset = lakes.current(), clock.today(), library.get_preset()
    people = lakes.table("customers")
    rows = lake.read_rows(people.filter(people.customer_id == customer_id).select(*_COLUMNS, "segment"))
    if not rows or rows[0]["segment"] is None:
        return WayUp((), "This customer is in no segment yet.")
    row = rows[0]
    here = row["segment"]
    if here not in LADDER:
        return WayUp((), "This customer's segment is not one of the customer lifecycle.")
    if here == LADDER[-1]:
        return WayUp((), f"{here} are the top of the lifecycle: there is no step up, only staying.")
    cutpoints = find_stored_cutpoints(lake, preset, day) or compute_initial_cutpoints(preset, day)
    trials = [*_list_steps(row, cutpoints), *_list_waits(row, cutpoints, day)]
    outcomes = _try_all(row, trials, preset, cutpoints, day)
    by_on = _find_deadline(here, trials, outcomes, day)
    steps = _choose(here, trials, outcomes, preset, by_on)
    if not steps:
        return WayUp((), f"Neither one nor two more orders move this customer up from {here}.")
    return WayUp(steps)


def _list_steps(row: dict[str, Any], cutpoints: Cutpoints) -> list[_Trial]:
    """Least effort first: an address, then few orders, then small ones. Only a bar of M makes an amount matter."""
    trials = [] if row["order_count"] or row["contact_known_at"] else [_Trial(gives_contact=True)]
    revenue = row["revenue"] or Decimal(0)
    for count in range(1, MOST_ORDERS + 1):
        amounts = {
            _find_amount(Decimal(str(bar)) - revenue, count, cutpoints.m.is_inclusive)
            for bar in cutpoints.m.bars
        }
        trials.append(_Trial(order_count=count))
        trials += [_Trial(count, amount) for amount in sorted(amounts) if amount > 0]
    return trials


def _find_amount(missing: Decimal, order_count: int, is_inclusive: bool) -> Decimal:
    """The smallest whole amount for each of the orders that passes a bar; 0 where any amount does."""
    if is_inclusive:
        total = missing.to_integral_value(ROUND_CEILING)
    else:
        total = missing.to_integral_value(ROUND_FLOOR) + 1
    return max(Decimal(0), (total / order_count).to_integral_value(ROUND_CEILING))


def _list_waits(row: dict[str, Any], cutpoints: Cutpoints, day: date) -> list[_Trial]:
    """The days on which a bar of R is crossed if nothing is ordered."""
    if row["last_order_at"] is None:
        return []
    passed = (day - row["last_order_at"].date()).days
    crossed = {int(Decimal(str(bar)).to_integral_value(ROUND_FLOOR)) + 1 - passed for bar in cutpoints.r.bars}
    return [_Trial(days=days) for days in sorted(crossed) if days > 0]


def _try_all(
    row: dict[str, Any], trials: list[_Trial], preset: Preset, cutpoints: Cutpoints, day: date
) -> list[str | None]:
    """The segment after each trial, from the same code that scores everybody."""
    now = clock.now().replace(tzinfo=None)
    changed = [_happen(row, trial, now) for trial in trials]
    fields = lakes.table("customers").schema().to_pyarrow()
    table = pa.table(
        {
            name: pa.array(
                [number if name == "customer_id" else one[name] for number, one in enumerate(changed)],
                fields.field(name).type,
            )
            for name in _COLUMNS
        }
    )
    with lakes.current().reading() as reader, reader.with_rows(_ROWS, table):
        found = reader.execute(_compile(preset.name, cutpoints, day)).fetchall()
    return [segment for _, segment in sorted(found)]


@lru_cache(maxsize=4)
def _compile(_preset: str, cutpoints: Cutpoints, day: date) -> str:
    """Compiling takes longer than the query: once per day and scoring is enough."""
    schema = lakes.table("customers").schema()
    rows = ibis.table({name: schema[name] for name in _COLUMNS}, name=_ROWS)
    scored = score(build_current_measures(rows, day), library.get_preset(), cutpoints)
    return lakes.compile_sql(scored.select("customer_id", "segment"))


def _happen(row: dict[str, Any], trial: _Trial, now: Any) -> dict[str, Any]:
    """The customer's row after a trial; days that pass are days that the last order lies further back."""
    last_order_at = row["last_order_at"]
    last_order_at = None if last_order_at is None else last_order_at.replace(tzinfo=None)
    changed = {
        **row,
        "contact_known_at": None
        if row["contact_known_at"] is None
        else row["contact_known_at"].replace(tzinfo=None),
        "first_seen_at": None if row["first_seen_at"] is None else row["first_seen_at"].replace(tzinfo=None),
        "last_order_at": last_order_at,
    }
    if trial.gives_contact:
        return {**changed, "contact_known_at": now}
    if trial.order_count:
        amount = trial.order_count * (trial.least_amount or _ANY_AMOUNT)
        return {
            **changed,
            "order_count": (row["order_count"] or 0) + trial.order_count,
            "revenue": (row["revenue"] or Decimal(0)) + amount,
            "last_order_at": now,
        }
    return {**changed, "last_order_at": last_order_at - timedelta(days=trial.days)}


def _find_deadline(here: str, trials: list[_Trial], outcomes: list[str | None], day: date) -> date | None:
    """The last day on which the customer is still where she is, if she falls at all."""
    for trial, segment in zip(trials, outcomes, strict=True):
        if trial.days and segment in LADDER and LADDER.index(segment) < LADDER.index(here):
            return day + timedelta(days=trial.days - 1)
    return None


def _choose(
    here: str, trials: list[_Trial], outcomes: list[str | None], preset: Preset, by_on: date | None
) -> tuple[NextStep, ...]:
    phases = {segment.name: segment.phase for segment in preset.segments}
    steps: list[NextStep] = []
    for trial, segment in zip(trials, outcomes, strict=True):
        if trial.days or segment not in LADDER or LADDER.index(segment) <= LADDER.index(here):
            continue
        if steps and phases[segment] == phases[here]:
            continue
        step = NextStep(segment, phases[segment], trial.order_count, trial.least_amount, by_on)
        steps.append(step)
        if step.phase != phases[here]:
            break
    return tuple(steps)
