"""The desk: a small lake in memory, on which a few customers are laid to be looked at.

Asking a lake of millions about fifty customers costs a plan of some 70 ms, whatever the rows. On the desk the same
compiled definitions are planned once, the tables hold only the rows of those customers, and nothing is scanned.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.compiling.moments import write_moment
from tenure.segments.compiling.sources import (
    DecisionSource,
    LineSource,
    ListSource,
    SessionSource,
    StageSource,
)
from tenure.segments.membership.compiled import CURRENT, Definitions

MOST_CUSTOMERS = 2_000
_BY_SOURCE: Mapping[type, tuple[str, ...]] = {
    LineSource: ("order_events", "order_lines"),
    SessionSource: ("sessions", "open_sessions"),
    StageSource: ("segment_history", "stage_history"),
    DecisionSource: ("decisions",),
    ListSource: ("list_members",),
}
_STORED = "stored_ids"
_KEEP_PLANS = "SET GLOBAL disabled_optimizers = 'statistics_propagation'"
"""A kept plan must not decide conditions by what lay on the desk when it was made."""


class Desk:
    """One user at a time."""

    def __init__(self) -> None:
        self._lake = lakes.open_memory()
        with self._lake.reading() as desk:
            desk.execute(_KEEP_PLANS)
            desk.execute("SET threads = 1")
            desk.execute("CREATE TABLE moment (now_at TIMESTAMP)")
        self._lock = threading.Lock()
        self._prepared: dict[str, str] = {}
        self._zones: set[str] = set()
        self._filled: set[str] = set()

    def evaluate(
        self, definitions: Definitions, customer_ids: Sequence[int], transaction: Transaction, now: datetime
    ) -> pa.Table:
        """customer_id, due_at and words of those customers who exist, as `transaction` sees them."""
        sql = CURRENT.get_text("few", definitions, definitions.compile_for_few)
        with self._lock, self._lake.reading() as desk:
            self._lay_out(desk, definitions, customer_ids, transaction)
            name = self._prepare(desk, sql)
            desk.execute("TRUNCATE moment")
            desk.execute(f"INSERT INTO moment VALUES (TIMESTAMP '{write_moment(now)}')")
            return desk.execute(f"EXECUTE {name}").to_arrow_table()

    def _fill(self, desk: Transaction, table: str, rows: pa.Table) -> None:
        if table in self._filled:
            desk.execute(f"TRUNCATE {table}")
            self._filled.discard(table)
        if rows.num_rows:
            self._filled.add(table)
            desk.append(table, rows)

    def close(self) -> None:
        self._lake.close()

    def _prepare(self, desk: Transaction, sql: str) -> str:
        name = self._prepared.get(sql)
        if name is None:
            name = f"definitions_{len(self._prepared)}"
            desk.execute(f"PREPARE {name} AS {sql}")
            self._prepared[sql] = name
        return name

    def _lay_out(
        self,
        desk: Transaction,
        definitions: Definitions,
        customer_ids: Sequence[int],
        transaction: Transaction,
    ) -> None:
        ids = pa.table({"customer_id": pa.array(customer_ids, pa.int64())})
        with transaction.with_rows("wanted_members", ids):
            people = _read_people(transaction, len(customer_ids))
            former = transaction.execute(
                "SELECT into_customer_id, from_customer_id FROM merges "
                "WHERE into_customer_id IN (SELECT customer_id FROM wanted_members)"
            ).fetchall()
        merged: dict[int, list[int]] = {}
        for into_id, from_id in former:
            merged.setdefault(into_id, []).append(from_id)
        self._fill(
            desk, "customers_main", people.append_column("is_removed", pa.array([False] * people.num_rows))
        )
        present = people["customer_id"].to_pylist()
        self._lay_out_events(desk, definitions, present, merged, transaction)
        pairs = [(old, new) for new, olds in merged.items() for old in olds]
        froms, intos = zip(*pairs, strict=True) if pairs else ((), ())
        self._fill(
            desk,
            "merges",
            pa.table(
                {
                    "from_customer_id": pa.array(froms, pa.int64()),
                    "into_customer_id": pa.array(intos, pa.int64()),
                }
            ),
        )
        stored = [(one, one) for one in present] + [
            (old, new) for new, olds in merged.items() for old in olds
        ]
        self._lay_out_tables(desk, definitions, stored, transaction)
        if "address" in definitions.fact_origins:
            self._fill(desk, "suppressed_addresses", _read_suppressed(people, transaction))
        if "day" in definitions.fact_origins:
            self._lay_out_zones(desk, definitions.around.zone, people)

    def _lay_out_events(
        self,
        desk: Transaction,
        definitions: Definitions,
        customer_ids: Sequence[int],
        merged: Mapping[int, list[int]],
        transaction: Transaction,
    ) -> None:
        past = lakes.read_past(lakes.current(), customer_ids, definitions.event_names, merged, transaction)
        self._fill(desk, "events", past)

    def _lay_out_tables(
        self,
        desk: Transaction,
        definitions: Definitions,
        stored: list[tuple[int, int]],
        transaction: Transaction,
    ) -> None:
        wanted = {table for source in definitions.sources for table in _BY_SOURCE.get(type(source), ())}
        if "profile" in definitions.fact_origins:
            wanted.add("stages_now")
        if "company" in definitions.fact_origins:
            wanted |= {"companies", "customer_companies"}
        wanted &= lakes.TABLE_NAMES
        if not wanted:
            return
        pairs = pa.table(
            {
                "stored_id": pa.array([pair[0] for pair in stored], pa.int64()),
                "current_id": pa.array([pair[1] for pair in stored], pa.int64()),
            }
        )
        with transaction.with_rows(_STORED, pairs):
            for table in sorted(wanted):
                self._fill(desk, table, transaction.execute(_select_stored(table)).to_arrow_table())

    def _lay_out_zones(self, desk: Transaction, shop_zone: str, people: pa.Table) -> None:
        zones = {zone for zone in people["timezone"].to_pylist() if zone} | {shop_zone}
        if new := zones - self._zones:
            desk.append("zone_offsets", lakes.build_zone_offsets(sorted(new)))
            self._zones |= new


def _read_people(transaction: Transaction, asked_count: int) -> pa.Table:
    """Whoever was just folded lies in the small part of the customers table; the large one is asked for the others only."""
    columns = ", ".join(lakes.table("customers").columns)
    recent = transaction.execute(
        f"SELECT {columns}, is_removed FROM customers_delta WHERE customer_id IN (SELECT customer_id FROM wanted_members)"
    ).to_arrow_table()
    if recent.num_rows < asked_count:
        return transaction.execute(
            customers_api.select_by_key(transaction, "wanted_members")
        ).to_arrow_table()
    return recent.filter(pc.invert(recent["is_removed"])).drop_columns(["is_removed"])


def _select_stored(table: str) -> str:
    """A table's rows of the stored ids, as they are stored; the desk's merges say whose they are now. Companies by those who belong to them."""
    columns = lakes.table(table).columns
    if "customer_id" not in columns:
        return (
            f"SELECT * FROM {table} WHERE company_id IN (SELECT company_id FROM customer_companies "
            f"WHERE customer_id IN (SELECT stored_id FROM {_STORED}))"
        )
    listed = ", ".join(f"t.{column}" for column in columns if column != "customer_id")
    return (
        f"SELECT t.customer_id, {listed} FROM {table} AS t JOIN {_STORED} AS s ON t.customer_id = s.stored_id"
    )


def _read_suppressed(people: pa.Table, transaction: Transaction) -> pa.Table:
    addresses = [
        address for column in ("email", "phone") for address in people[column].to_pylist() if address
    ]
    wanted = pa.table({"address": pa.array([address.strip().lower() for address in addresses], pa.string())})
    with transaction.with_rows("wanted_addresses", wanted):
        return transaction.execute(
            "SELECT DISTINCT channel, address FROM suppressed_addresses "
            "WHERE address IN (SELECT address FROM wanted_addresses)"
        ).to_arrow_table()
