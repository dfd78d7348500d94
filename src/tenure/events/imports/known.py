"""Which of a file's orders the lake knows already."""

import pyarrow as pa

from tenure.lake import api as lakes

KNOWN_ORDERS = pa.schema(
    [
        pa.field("order_id", pa.string()),
        pa.field("message_id", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("amount", pa.decimal128(18, 4)),
        pa.field("occurred_at", pa.timestamp("us")),
    ]
)
_ORDERS_AT_ONCE = 1_000_000


def find_known_orders(order_ids: pa.ChunkedArray) -> pa.Table:
    """The commerce events (KNOWN_ORDERS) in the open lake that name one of `order_ids`; none without a lake."""
    lake = lakes.find_current()
    orders = lakes.table("order_events")
    if lake is None or lake.read_value(orders.select("seq").limit(1)) is None:
        return KNOWN_ORDERS.empty_table()
    found = []
    with lake.heavy(), lake.reading() as reading:
        for start in range(0, len(order_ids), _ORDERS_AT_ONCE):
            wanted = pa.table({"order_id": order_ids.slice(start, _ORDERS_AT_ONCE)})
            with reading.with_rows("import_order_ids", wanted):
                table = reading.execute(
                    "SELECT o.order_id, e.message_id, o.kind, o.amount, o.occurred_at FROM order_events AS o JOIN events AS e ON e.seq = o.seq "
                    "WHERE o.order_id IN (SELECT order_id FROM import_order_ids)"
                ).to_arrow_table()
            found.append(table.cast(KNOWN_ORDERS))
    return pa.concat_tables(found) if found else KNOWN_ORDERS.empty_table()
