"""What customers did, out of the events table: the plain way, on every engine."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.lake import schema
from tenure.lake.rows import NAMES

if TYPE_CHECKING:
    from tenure.lake.engine import Lake, Transaction

PAST = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("seq", pa.int64()),
        ("event", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("properties", pa.string()),
    ]
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Names = Mapping[str, datetime | None]
"""Names of events, each with the moment from which on they are wanted (aware); None for all of them."""


@dataclass(frozen=True)
class Wanted:
    """Whose events are asked for: `stored` are the ids that events lie under, `current` what each is now."""

    stored: Sequence[int]
    current: Sequence[int]
    names: Names

    def only(self, keep: Collection[int]) -> "Wanted":
        return self._where(lambda stored: stored in keep)

    def without(self, leave: Collection[int]) -> "Wanted":
        return self._where(lambda stored: stored not in leave) if leave else self

    def _where(self, is_kept: Callable[[int], bool]) -> "Wanted":
        pairs = [pair for pair in zip(self.stored, self.current, strict=True) if is_kept(pair[0])]
        return Wanted([stored for stored, _ in pairs], [current for _, current in pairs], self.names)


def build_wanted(
    customer_ids: Iterable[int], names: Names | Collection[str], merged: Mapping[int, Collection[int]] | None
) -> Wanted:
    """`merged` names the other ids under which events of a customer lie."""
    stored, current = [], []
    for customer_id in dict.fromkeys(customer_ids):
        for each in {customer_id, *(merged or {}).get(customer_id, ())}:
            stored.append(each)
            current.append(customer_id)
    if not isinstance(names, Mapping):
        names = dict.fromkeys(names)
    return Wanted(stored, current, names)


def read_past(
    lake: "Lake",
    customer_ids: Iterable[int],
    names: Names | Collection[str],
    merged: Mapping[int, Collection[int]] | None = None,
    transaction: "Transaction | None" = None,
) -> pa.Table:
    """Every event of these customers that goes by one of these names: columns of PAST, in no order.

    `names` may map each name to the earliest moment wanted (aware, or None). `merged` gives the former ids of
    a customer; their events come under the current id. With `transaction` what it wrote is seen too. Quick
    for few customers however many events there are.
    """
    wanted = build_wanted(customer_ids, names, merged)
    if not wanted.stored or not wanted.names:
        return PAST.empty_table()
    if lake.history is not None:
        return lake.history.read(wanted, transaction)
    reader: Transaction | Lake = transaction or lake
    return put_under_current(wanted, reader.read(build_past_expression(wanted)))


def build_past_expression(wanted: Wanted) -> ibis.Table:
    """The wanted events of all of the events table, under their stored ids."""
    events = ibis.table(schema.TABLES["events"], name="events")
    named = ibis.or_(*(_is_wanted(events, name, since) for name, since in wanted.names.items()))
    name = ibis.cases(*((events.type == kind, name) for kind, name in NAMES.items()), else_=events.event)
    return events.filter(events.customer_id.isin(list(wanted.stored)), named).select(
        "customer_id", "seq", event=name, occurred_at="occurred_at", properties="properties"
    )


def put_under_current(wanted: Wanted, rows: pa.Table) -> pa.Table:
    """Rows with the current id for the stored one, in PAST's types."""
    if list(wanted.stored) != list(wanted.current):
        places = pc.index_in(rows["customer_id"], value_set=pa.array(wanted.stored, pa.int64()))
        current = pa.array(np.asarray(wanted.current, dtype=np.int64)).take(places.combine_chunks())
        rows = rows.set_column(0, "customer_id", current)
    return rows.select(PAST.names).cast(PAST)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _is_wanted(events: ibis.Table, name: str, since: datetime | None) -> ibis.expr.types.BooleanValue:
    is_named = (events.type == "track") & (events.event == name)
    for kind, fixed in NAMES.items():
        if name == fixed:
            is_named = is_named | (events.type == kind)
    if since is None:
        return is_named
    return is_named & (events.occurred_at >= ibis.literal(since.astimezone(UTC).replace(tzinfo=None)))
