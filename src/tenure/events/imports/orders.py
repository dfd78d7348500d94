"""Order files: lines become orders, refunds and credit notes, then events."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.base.errors import TenureError
from tenure.base.words import count_of
from tenure.events.imports.amounts import AmountReading, choose_amount_reading
from tenure.events.imports.cells import Cells, json_number, json_object, json_text, message_id, quote
from tenure.events.imports.dates import EARLIEST, DateReading, choose_date_reading
from tenure.events.imports.reading import RawRows, drop_relation

_KEY_FIELDS = (
    "order_id",
    "customer_id",
    "ordered_at",
    "quantity",
    "unit_price",
    "amount",
    "order_total",
    "email",
)
_NUMBER_FIELDS = ("unit_price", "amount", "order_total", "quantity")
_LINE_FIELDS = ("product_id", "product_name", "category", "quantity")
_MOMENT = (
    "CASE WHEN ordered_at = date_trunc('day', ordered_at) THEN strftime(ordered_at, '%Y-%m-%d') "
    "ELSE strftime(ordered_at, '%Y-%m-%dT%H:%M:%SZ') END"
)


@dataclass(frozen=True)
class StagedOrders:
    """Relations of one order file in the staging engine.

    `lines`: order_no BIGINT, line BIGINT, is_refund BOOLEAN, product VARCHAR (JSON, NULL where the line names none),
    amount DECIMAL(18,4) signed. `orders`: order_no, order_id, customer_id VARCHAR NULL, completed_at, refunded_at
    TIMESTAMP NULL, amount, refunded_amount DECIMAL(18,4), currency. `people`: person_no, customer_id, email, country, seen_at.
    `rejects`: line, reason. order_no counts from 0 by time and order id.
    """

    lines: str
    orders: str
    people: str
    rejects: str
    order_count: int
    people_count: int
    date_format: str
    warnings: tuple[str, ...]
    question: str | None = None


def stage_orders(
    connection: duckdb.DuckDBPyConnection,
    rows: RawRows,
    mapping: Mapping[str, str],
    *,
    delimiter: str | None,
    latest: str,
    date_format: str | None = None,
    has_broken_text: bool = False,
    prefix: str = "import",
    with_products: bool = True,
) -> StagedOrders:
    """Type, check and group the raw rows. `latest` is the last moment (SQL timestamp) a row may have."""
    check_order_mapping(mapping)
    cells = Cells(rows, mapping, has_broken_text)
    parsed, warnings, dates = _parse_lines(connection, cells, delimiter, latest, date_format, prefix)
    rejects = f"{prefix}_rejects"
    _create(connection, rejects, f"SELECT line, reason FROM {parsed} WHERE reason IS NOT NULL")
    order_key, split_count = _choose_order_key(connection, parsed)
    if split_count:
        belong = count_of(split_count, "order id belongs", "order ids belong")
        warnings.append(
            f"{belong} to several customers; each customer's lines were kept as an order of their own."
        )
    orders, lines, people = f"{prefix}_orders", f"{prefix}_lines", f"{prefix}_people"
    _group_orders(connection, parsed, order_key, orders)
    _attach_lines(connection, parsed, order_key, orders, lines, cells, with_products)
    _collect_people(connection, parsed, orders, people, cells)
    warnings += _note_merged_orders(connection, cells, lines)
    drop_relation(connection, parsed)
    return StagedOrders(
        lines,
        orders,
        people,
        rejects,
        _count(connection, orders),
        _count(connection, people),
        dates.label,
        tuple(warnings),
        dates.question,
    )


def check_order_mapping(mapping: Mapping[str, str]) -> None:
    """Raise where the columns cannot make orders."""
    if "ordered_at" not in mapping:
        raise _incomplete("the date of the order", "ordered_at", mapping)
    if "customer_id" not in mapping and "email" not in mapping:
        raise _incomplete("the customer", "customer_id", mapping)
    if not {"amount", "unit_price", "order_total"} & set(mapping):
        raise _incomplete("the amount (or the unit price with the quantity)", "amount", mapping)


def _incomplete(what: str, field: str, mapping: Mapping[str, str]) -> TenureError:
    read = ", ".join(f"{name} from {column!r}" for name, column in mapping.items())
    guess = f" Found: {read}." if read else ""
    return TenureError(
        "mapping_incomplete",
        f"No column for {what} was found.{guess} Say which it is: --map {field}=COLUMN.",
        field,
    )


def _parse_lines(
    connection: duckdb.DuckDBPyConnection,
    cells: Cells,
    delimiter: str | None,
    latest: str,
    date_format: str | None,
    prefix: str,
) -> tuple[str, list[str], DateReading]:
    """The table of typed lines, each with its reason to be rejected or NULL; what to warn of; how dates are read."""
    dates = choose_date_reading(connection, cells.relation, cells.raw("ordered_at"), latest, date_format)
    numbers = [cells.raw(name) for name in _NUMBER_FIELDS if name in cells]
    amounts = choose_amount_reading(connection, cells.relation, numbers, delimiter)
    counted = "quantity" if "quantity" in cells else "1"
    given = f"coalesce(amount, TRY_CAST(unit_price * {counted} AS DECIMAL(18, 4)))"
    inherits_date = f"coalesce(ordered_at, {_inherit('ordered_at', cells, connection)})"
    money_missing = f"(given IS NULL AND {'order_id IS NULL' if 'order_total' in cells else 'true'})"
    parsed = f"{prefix}_parsed"
    _create(
        connection,
        parsed,
        f"""
        SELECT * EXCLUDE (given, problem, money_is_odd, quantity_is_odd, is_broken, date_cell),
            CASE WHEN is_refund THEN -abs(coalesce(given, 0)) ELSE coalesce(given, 0) END AS signed_amount,
            CASE WHEN problem IS NOT NULL THEN problem WHEN is_broken THEN 'broken_encoding'
                WHEN ordered_at IS NULL AND date_cell IS NULL THEN 'missing_date'
                WHEN ordered_at IS NULL THEN 'unreadable_date'
                WHEN ordered_at < TIMESTAMP '{EARLIEST}' THEN 'impossible_date'
                WHEN ordered_at > {latest} THEN 'future_date'
                WHEN quantity_is_odd THEN 'unreadable_quantity'
                WHEN money_is_odd THEN 'unreadable_amount'
                WHEN {money_missing} THEN 'missing_amount'
                WHEN customer_id IS NULL AND order_id IS NULL THEN 'missing_customer' END AS reason
        FROM (
            SELECT * REPLACE ({inherits_date} AS ordered_at),
                {given} AS given, coalesce(quantity < 0, false) OR coalesce({given} < 0, false) AS is_refund
            FROM ({_type_cells(cells, dates, amounts)})
        )
        """,
    )
    warnings = [warning for warning in (dates.warning, amounts.warning) if warning]
    return parsed, warnings, dates


def _type_cells(cells: Cells, dates: DateReading, amounts: AmountReading) -> str:
    """The query that reads every mapped cell; what is there and cannot be read is marked as odd."""
    numbers = {
        name: amounts.read(cells.raw(name), 6 if name == "unit_price" else 4)
        if name in cells
        else "NULL::DECIMAL(18, 4)"
        for name in _NUMBER_FIELDS
    }
    odd = {
        name: f"({cells.raw(name)} IS NOT NULL AND {name} IS NULL)"
        for name in _NUMBER_FIELDS
        if name in cells
    }
    quantity_is_odd = odd.pop("quantity", "false")
    customer = cells.identifier("customer_id")
    if "email" in cells:
        customer = f"coalesce({customer}, {cells.email()})"
    texts = ", ".join(
        f"{cells.text(name)} AS {name}" for name in ("product_id", "product_name", "category", "country")
    )
    return f"""
        SELECT line, problem, {cells.identifier("order_id")} AS order_id, {customer} AS customer_id,
            {dates.expression} AS ordered_at, {cells.raw("ordered_at")} AS date_cell,
            {", ".join(f"{expression} AS {name}" for name, expression in numbers.items())}, {texts},
            upper({cells.text("currency")}) AS currency, {cells.email()} AS email,
            {" OR ".join(odd.values()) or "false"} AS money_is_odd, {quantity_is_odd} AS quantity_is_odd,
            {cells.is_broken(_KEY_FIELDS)} AS is_broken
        FROM {cells.relation}
    """


def _inherit(column: str, cells: Cells, connection: duckdb.DuckDBPyConnection) -> str:
    """In exports that give an order's date on its first line only: the date of the order's other lines."""
    if "order_id" not in cells:
        return "NULL"
    blank = connection.execute(
        f"SELECT 1 FROM {cells.relation} WHERE {cells.raw(column)} IS NULL AND {cells.identifier('order_id')} IS NOT NULL LIMIT 1"
    ).fetchone()
    if not blank:
        return "NULL"
    return f"CASE WHEN order_id IS NOT NULL AND date_cell IS NULL THEN min({column}) OVER (PARTITION BY order_id) END"


def _choose_order_key(connection: duckdb.DuckDBPyConnection, parsed: str) -> tuple[str, int]:
    """The expression of an order's id, and how many given ids are shared by customers.

    Without an id a customer's lines of one moment are one order, named by customer and moment.
    """
    made = f"customer_id || '/' || {_MOMENT}"
    shared = f"SELECT order_id FROM {parsed} WHERE reason IS NULL AND order_id IS NOT NULL GROUP BY order_id HAVING min(customer_id) <> max(customer_id)"
    found = connection.execute(f"SELECT count(*) FROM ({shared})").fetchone()
    split_count = found[0] if found else 0
    if not split_count:
        return f"coalesce(order_id, {made})", 0
    own = f"CASE WHEN customer_id IS NOT NULL AND order_id IN ({shared}) THEN order_id || '/' || customer_id ELSE order_id END"
    return f"coalesce({own}, {made})", split_count


def _group_orders(connection: duckdb.DuckDBPyConnection, parsed: str, order_key: str, orders: str) -> None:
    total = "arg_min(order_total, line) FILTER (order_total IS NOT NULL)"
    _create(
        connection,
        orders,
        f"""
        SELECT row_number() OVER (ORDER BY coalesce(completed_at, refunded_at), order_id) - 1 AS order_no, *
        FROM (
            SELECT order_id, max(customer_id) AS customer_id,
                min(ordered_at) FILTER (NOT is_refund) AS completed_at, min(ordered_at) FILTER (is_refund) AS refunded_at,
                TRY_CAST(CASE WHEN {total} >= 0 AND count(*) FILTER (NOT is_refund) > 0 THEN {total}
                    ELSE coalesce(sum(signed_amount) FILTER (NOT is_refund), 0) END AS DECIMAL(18, 4)) AS amount,
                TRY_CAST(CASE WHEN {total} < 0 THEN -{total}
                    ELSE coalesce(-sum(signed_amount) FILTER (is_refund), 0) END AS DECIMAL(18, 4)) AS refunded_amount,
                arg_min(currency, line) FILTER (currency IS NOT NULL) AS currency
            FROM (SELECT * REPLACE ({order_key} AS order_id) FROM {parsed} WHERE reason IS NULL)
            GROUP BY order_id
        )
        """,
    )


def _attach_lines(
    connection: duckdb.DuckDBPyConnection,
    parsed: str,
    order_key: str,
    orders: str,
    lines: str,
    cells: Cells,
    with_products: bool,
) -> None:
    members = {
        "product_id": json_text("product_id"),
        "name": json_text("product_name"),
        "category": json_text("category"),
        "price": json_number(
            "coalesce(unit_price, TRY_CAST(signed_amount / nullif(quantity, 0) AS DECIMAL(18, 6)))"
        ),
        "quantity": json_number("quantity"),
    }
    sources = {
        "product_id": "product_id",
        "name": "product_name",
        "category": "category",
        "quantity": "quantity",
    }
    members = {
        name: value for name, value in members.items() if sources.get(name, name) in cells or name == "price"
    }
    named = [name for name in _LINE_FIELDS if name in cells]
    product = "NULL::VARCHAR"
    if named and with_products:
        product = f"CASE WHEN coalesce({', '.join(f'{name}::VARCHAR' for name in named)}) IS NOT NULL THEN {json_object(members)} END"
    _create(
        connection,
        lines,
        f"""
        SELECT orders.order_no, line, is_refund, {product} AS product, signed_amount AS amount, quantity, unit_price
        FROM (SELECT * REPLACE ({order_key} AS order_id) FROM {parsed} WHERE reason IS NULL) AS given
        JOIN {orders} AS orders USING (order_id)
        ORDER BY orders.order_no, is_refund, line
        """,
    )


def _collect_people(
    connection: duckdb.DuckDBPyConnection, parsed: str, orders: str, people: str, cells: Cells
) -> None:
    """One row per customer, with the e-mail address and country of the latest line that gives one."""
    latest = {
        name: f"arg_max({name}, (ordered_at, line)) FILTER ({name} IS NOT NULL)"
        if name in cells
        else "NULL::VARCHAR"
        for name in ("email", "country")
    }
    _create(
        connection,
        people,
        f"""
        SELECT row_number() OVER (ORDER BY customer_id) - 1 AS person_no, *
        FROM (SELECT customer_id, {latest["email"]} AS email, {latest["country"]} AS country, max(ordered_at) AS seen_at
            FROM {parsed} WHERE reason IS NULL AND customer_id IS NOT NULL GROUP BY customer_id)
        """,
    )


def _note_merged_orders(connection: duckdb.DuckDBPyConnection, cells: Cells, lines: str) -> list[str]:
    if "order_id" not in cells or any(name in cells for name in _LINE_FIELDS) or "order_total" in cells:
        return []
    found = connection.execute(
        f"SELECT count(*) FROM (SELECT order_no FROM {lines} WHERE NOT is_refund GROUP BY order_no HAVING count(*) > 1)"
    ).fetchone()
    if not found or not found[0]:
        return []
    stand = count_of(found[0], "order id stands", "order ids stand")
    return [f"{stand} on several rows; the amounts of their rows were added up."]


def build_order_events(
    connection: duckdb.DuckDBPyConnection,
    staged: StagedOrders,
    source: str,
    first: int,
    last: int,
    known: str,
) -> pa.Table:
    """The events of the orders number `first` up to before `last`, in order of time.

    Columns: message_id, event, user_id, occurred_at, properties. `known` is a relation of commerce events that
    are there already: order_id, message_id, kind, amount. A known order with other content becomes Order Updated,
    microseconds after what it updates, so that "as of" any day has the corrected amount; of known refunds only
    what is refunded beyond them.
    """
    products = _join_products(connection, staged, first, last)
    connection.register("import_products", products)
    try:
        return connection.execute(_order_events_sql(staged, source, first, last, known)).to_arrow_table()
    finally:
        connection.unregister("import_products")


def _join_products(
    connection: duckdb.DuckDBPyConnection, staged: StagedOrders, first: int, last: int
) -> pa.Table:
    """order_no, is_refund, products: the JSON of the lines of each group, joined by commas in line order."""
    lines = connection.execute(
        f"SELECT order_no, is_refund, product FROM {staged.lines} "
        f"WHERE order_no >= {first} AND order_no < {last} AND product IS NOT NULL ORDER BY order_no, is_refund, line"
    ).to_arrow_table()
    group = lines["order_no"].to_numpy() * 2 + lines["is_refund"].to_numpy()
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    offsets = pa.array(np.append(starts, len(group)), pa.int32())
    texts = lines["product"].combine_chunks().cast(pa.large_string())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), pa.scalar(",", pa.large_string()))
    keys = group[starts]
    return pa.table({"order_no": keys // 2, "is_refund": keys % 2 == 1, "products": joined})


def _order_events_sql(staged: StagedOrders, source: str, first: int, last: int, known: str) -> str:
    name = quote(source)

    def properties(total: str) -> str:
        return json_object(
            {
                "order_id": json_text("order_id"),
                "total": json_number(total),
                "currency": json_text("currency"),
                "products": "'[' || products || ']'",
            }
        )

    def identity(event: str) -> str:
        return message_id(
            name, "'orders'", quote(event), "order_id", "customer_id", "moment::VARCHAR", "properties"
        )

    return f"""
        WITH chunk AS (SELECT * FROM {staged.orders} WHERE order_no >= {first} AND order_no < {last}),
        before AS (
            SELECT order_id, bool_or(kind IN ('completed', 'updated')) AS has_order,
                count(*) FILTER (kind IN ('completed', 'updated')) AS placed_before, bool_or(kind = 'refunded') AS has_refund,
                coalesce(sum(amount) FILTER (kind = 'refunded'), 0) AS refunded_before,
                bool_or(kind = 'refunded' AND amount IS NULL) AS is_refunded_whole, list(message_id) AS ids
            FROM {known} WHERE order_id IN (SELECT order_id FROM chunk) GROUP BY order_id
        ),
        given AS (
            SELECT chunk.*, products, 0 AS step, completed_at AS moment, {properties("amount")} AS properties
            FROM chunk LEFT JOIN import_products AS p ON p.order_no = chunk.order_no AND NOT p.is_refund
            WHERE completed_at IS NOT NULL
            UNION ALL
            SELECT chunk.*, products, 1, refunded_at, {properties("refunded_amount")}
            FROM chunk LEFT JOIN import_products AS p ON p.order_no = chunk.order_no AND p.is_refund
            WHERE refunded_at IS NOT NULL
        ),
        named AS (
            SELECT given.*, CASE step WHEN 0 THEN {identity("Order Completed")} ELSE {identity("Order Refunded")} END AS own_id,
                coalesce(has_order, false) AS has_order, coalesce(placed_before, 0) AS placed_before, coalesce(has_refund, false) AS has_refund,
                CASE WHEN is_refunded_whole THEN 0 ELSE refunded_amount - coalesce(refunded_before, 0) END AS beyond,
                coalesce(ids, []) AS ids
            FROM given LEFT JOIN before USING (order_id)
        ),
        settled AS (
            SELECT *, CASE WHEN list_contains(ids, own_id) THEN 'same' WHEN step = 0 AND has_order THEN 'updated'
                WHEN step = 1 AND has_refund THEN 'beyond' ELSE 'same' END AS standing
            FROM named
        )
        SELECT order_no, step, CASE WHEN standing = 'updated' THEN moment + to_microseconds(placed_before) ELSE moment END AS occurred_at, customer_id AS user_id,
            CASE WHEN step = 1 THEN 'Order Refunded' WHEN standing = 'updated' THEN 'Order Updated' ELSE 'Order Completed' END AS event,
            CASE standing WHEN 'same' THEN own_id WHEN 'updated' THEN {identity("Order Updated")}
                ELSE {message_id(name, "'orders'", "'refund beyond'", "own_id", "beyond::VARCHAR")} END AS message_id,
            CASE WHEN standing = 'beyond' THEN {properties("beyond")} ELSE properties END AS properties
        FROM settled WHERE standing <> 'beyond' OR beyond > 0
        ORDER BY order_no, step
    """


def build_people_events(
    connection: duckdb.DuckDBPyConnection, staged: StagedOrders, source: str, first: int, last: int
) -> pa.Table:
    """Identify events of the customers number `first` up to before `last` whose address or country is known.

    Columns: message_id, user_id, occurred_at, properties (the traits). The id does not hang on the time, so that
    a later export with the same address and country says nothing new.
    """
    address = json_object({"country": json_text("country")})
    traits = json_object(
        {"email": json_text("email"), "address": f"CASE WHEN country IS NOT NULL THEN {address} END"}
    )
    return connection.execute(
        f"""
        SELECT {message_id(quote(source), "'identify'", "customer_id", "traits")} AS message_id,
            customer_id AS user_id, seen_at AS occurred_at, traits AS properties
        FROM (SELECT *, {traits} AS traits FROM {staged.people} WHERE person_no >= {first} AND person_no < {last}
            AND (email IS NOT NULL OR country IS NOT NULL))
        ORDER BY person_no
        """
    ).to_arrow_table()


def _create(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    drop_relation(connection, name)
    connection.execute(f"CREATE TABLE {name} AS {query}")


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(found[0]) if found else 0
