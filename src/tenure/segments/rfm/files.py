"""An RFM analysis straight from an order file: no data folder, nothing kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tenure.base.errors import TenureError
from tenure.base.words import count_of
from tenure.events.imports import api as imports_api
from tenure.events.imports.api import OrderFile
from tenure.lake import api as lakes
from tenure.lake.api import Transaction
from tenure.segments.rfm import library
from tenure.segments.rfm.cutpoints import compute_cutpoints
from tenure.segments.rfm.measures import build_measures, build_order_gaps
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.queries import build_scored
from tenure.segments.rfm.results import RfmResult, count_segments, select_listed, select_rows, write_rows


@dataclass(frozen=True)
class FileRfm:
    """The result of a file, what the file holds (its orders, refunds and rows left out), and the rows written."""

    result: RfmResult
    file: OrderFile
    written_count: int

    def as_dict(self) -> dict[str, Any]:
        """The result with the file's figures beside it, as plain JSON values."""
        return {
            **self.result.as_dict(),
            "rows_read": self.file.rows_count,
            "orders": self.file.orders_count,
            "refunds": self.file.refunds_count,
            "orders_without_customer": self.file.orders_without_customer_count,
            "rows_left_out": self.file.left_out_count,
            "left_out": [
                {"reason": one.reason, "words": one.words, "rows": one.rows_count, "lines": list(one.lines)}
                for one in self.file.left_out
            ],
            "mapping": self.file.mapping,
            "date_format": self.file.date_format,
            "warnings": list(self.file.warnings),
        }


def compute_rfm_from_file(
    path: str | Path,
    customer: str | None = None,
    date: str | None = None,
    amount: str | None = None,
    order: str | None = None,
    preset: Preset | str = "lifecycle",
    as_of: date | None = None,
    out: str | Path | None = None,
    mapping: Mapping[str, str] | None = None,
    date_format: str | None = None,
) -> FileRfm:
    """Score the customers of an order file as of a day (default the day of its last order).

    Columns by name or position from 1; `amount` may be a product of two, "Quantity*UnitPrice". What is not named is
    guessed as imports do. Without `order` a customer's rows of one moment are one order, unless the header names an
    order id. `mapping` takes further fields as imports do. Negative amounts are refunds. With `out`, a row per customer goes there as CSV.
    """
    columns = {**(mapping or {}), **_name_columns(customer, date, amount, order)}
    chosen = library.get_preset(preset) if isinstance(preset, str) else preset
    file = imports_api.read_order_file(path, columns, date_format=date_format)
    orders = file.orders
    with_customer = orders.filter(pc.is_valid(orders["customer_id"]))
    if not with_customer.num_rows:
        raise TenureError("no_orders", _describe_nothing(Path(path).name, file), "file")
    day = as_of or pc.max(with_customer["ordered_at"]).as_py().date()
    lake = lakes.open_memory()
    try:
        result, rows = lake.write(lambda transaction: _analyse(transaction, with_customer, chosen, day))
    finally:
        lake.close()
    written_count = 0
    if out is not None:
        with Path(out).open("w", newline="", encoding="utf-8") as target:
            written_count = write_rows(rows.to_batches(), target)
    return FileRfm(result, file, written_count)


def _describe_nothing(name: str, file: OrderFile) -> str:
    read = ", ".join(f"{field} from {column!r}" for field, column in file.mapping.items())
    reasons = "; ".join(f"{count_of(one.rows_count, 'row')} with {one.words}" for one in file.left_out)
    found = f" Left out: {reasons}." if reasons else ""
    return (
        f"{name} has no row with a customer, a date and an amount that can be read. Read were {read}.{found} "
        "Say which columns hold them."
    )


def _analyse(
    transaction: Transaction, orders: pa.Table, preset: Preset, day: date
) -> tuple[RfmResult, pa.Table]:
    with transaction.with_rows("file_orders", orders) as table:
        people = table.group_by("customer_id").agg(
            external_id=table.external_id.min(),
            contact_known_at=ibis.null("timestamp(6)"),
            first_seen_at=table.ordered_at.min(),
        )
        measures = build_measures(table, people, preset, day)
        gaps = build_order_gaps(table, preset, day)
        cutpoints = compute_cutpoints(transaction, measures, gaps, preset, day)
        scored = build_scored(table, people, preset, cutpoints, day)
        rows = transaction.read(select_rows(select_listed(scored)))
        return count_segments(transaction, scored, preset, cutpoints, day), rows


def _name_columns(
    customer: str | None, day: str | None, amount: str | None, order: str | None
) -> dict[str, str]:
    named = {"customer_id": customer, "ordered_at": day, "order_id": order}
    if amount is not None and "*" in amount:
        quantity, _, price = amount.partition("*")
        named |= {"quantity": quantity.strip(), "unit_price": price.strip(), "amount": ""}
    else:
        named["amount"] = amount
    return {field: column for field, column in named.items() if column is not None}
