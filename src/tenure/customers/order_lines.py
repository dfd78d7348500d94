"""What was bought: the products inside orders, one row a line."""

from datetime import datetime

import ibis

from tenure.customers.orders import build_orders, current_order_events
from tenure.events.api import RESOLVED
from tenure.lake import api as lakes
from tenure.lake.api import Transaction

_LINE = (
    '[{"product_id": "VARCHAR", "productId": "VARCHAR", "id": "VARCHAR", "sku": "VARCHAR", "name": "VARCHAR", '
    '"category": "VARCHAR", "brand": "VARCHAR", "variant": "VARCHAR", "quantity": "DOUBLE", "price": "DOUBLE"}]'
)
_TEXTS = ("sku", "name", "category", "brand", "variant")
_PRODUCT = ("product_id", *_TEXTS)
_ANYTHING = ", ".join(
    [f"product.{name}" for name in ("product_id", "productId", "id", *_TEXTS)]
    + ["product.quantity::VARCHAR", "product.price::VARCHAR"]
)


def promote_order_lines(tx: Transaction) -> None:
    """Copy the products of the batch's orders into `order_lines`; what is no list of objects gives no lines."""
    texts = ", ".join(f"nullif(trim(product.{name}), '') AS {name}" for name in _TEXTS)
    tx.execute(
        "/* promote_order_lines */ INSERT INTO order_lines (seq, customer_id, order_id, line, occurred_at, product_id, "
        f"{', '.join(_TEXTS)}, quantity, price) "
        "SELECT seq, customer_id, order_id, line, occurred_at, "
        "coalesce(nullif(trim(product.product_id), ''), nullif(trim(product.productId), ''), "
        f"nullif(trim(product.id), '')), {texts}, "
        "CASE WHEN isfinite(product.quantity) THEN product.quantity ELSE 1 END, "
        "CASE WHEN isfinite(product.price) THEN product.price END "
        "FROM (SELECT seq, customer_id, order_id, occurred_at, generate_subscripts(products, 1) AS line, "
        "unnest(products) AS product FROM (SELECT e.seq, o.customer_id, o.order_id, e.occurred_at, "
        f"from_json(json_extract(e.properties, '$.products'), '{_LINE}') AS products "
        f"FROM {RESOLVED} AS e JOIN order_events AS o ON o.seq = e.seq "
        f"WHERE o.seq >= (SELECT min(seq) FROM {RESOLVED}) AND o.kind IN ('completed', 'updated'))) "
        f"WHERE coalesce({_ANYTHING}) IS NOT NULL ORDER BY seq, line"
    )


def build_order_lines(
    until: datetime | None = None,
    only: ibis.Table | None = None,
    order_events: ibis.Table | None = None,
) -> ibis.Table:
    """The lines in force of paid orders: customer_id, order_id, ordered_at, product_id, sku, name, category, brand,
    variant, quantity, price, amount (price * quantity; NULL where no price is known).

    Those of the latest Order Updated that has lines, else of the Order Completed; lines that give something back
    are left out. `until` (aware) as in `build_orders`; `only` (a table with customer_id) narrows to present customers.
    Only orders of which more than one event speaks are folded.
    """
    events = order_events
    if events is None:
        events = current_order_events() if only is None else _current_events_of(only)
    if until is not None:
        events = events.filter(events.occurred_at < ibis.timestamp(until.replace(tzinfo=None).isoformat()))
    events = events.filter(events.customer_id.notnull())
    events = events.mutate(order_key=events.order_id.hash())
    several = events.group_by("order_key").having(events.count() > 1).agg().mutate(is_told_again=True)
    marked = events.left_join(several, "order_key")
    is_settled = marked.is_told_again.isnull() & (marked.kind == "completed")
    settled = marked.filter(is_settled, marked.amount > 0)
    changing = marked.filter(~is_settled).select(*lakes.table("order_events").columns)
    lines = lakes.table("order_lines")
    if only is not None:
        lines = lines.semi_join(events.select("seq"), "seq")
    in_force = settled.select("seq", "customer_id", ordered_at=settled.occurred_at).union(
        _choose_changing(changing, lines)
    )
    lines = lines.filter(lines.quantity > 0).drop("customer_id", "occurred_at", "line")
    joined = lines.inner_join(in_force, "seq")
    return joined.select(
        "customer_id",
        "order_id",
        "ordered_at",
        *_PRODUCT,
        "quantity",
        "price",
        amount=joined.price * joined.quantity,
    )


def _current_events_of(only: ibis.Table) -> ibis.Table:
    """As `current_order_events`, of the customers in `only` and the profiles merged into them."""
    merges = lakes.table("merges")
    ids = only.select("customer_id")
    merged = merges.semi_join(ids, merges.into_customer_id == ids.customer_id)
    stored = ids.select("customer_id", present_id=ids.customer_id).union(
        merged.select(customer_id=merged.from_customer_id, present_id=merged.into_customer_id)
    )
    events = lakes.table("order_events")
    joined = events.inner_join(stored.distinct(), "customer_id")
    return joined.select(
        customer_id=joined.present_id,
        **{name: joined[name] for name in events.columns if name != "customer_id"},
    )


def _choose_changing(events: ibis.Table, lines: ibis.Table) -> ibis.Table:
    """seq of the event whose lines are in force, customer_id and ordered_at, of paid orders among `events`."""
    orders = build_orders(order_events=events)
    paid = orders.filter(orders.is_paid).select("customer_id", "order_id", "ordered_at")
    placed = events.filter(events.kind.isin(("completed", "updated"))).semi_join(lines.select("seq"), "seq")
    place = ibis.row_number().over(
        group_by=("customer_id", "order_id"),
        order_by=[
            (placed.kind == "updated").cast("int8").desc(),
            placed.occurred_at.desc(),
            placed.seq.desc(),
        ],
    )
    latest = placed.select("seq", "customer_id", "order_id", place=place)
    latest = latest.filter(latest.place == 0).drop("place")
    return latest.inner_join(paid, ("customer_id", "order_id")).select("seq", "customer_id", "ordered_at")
