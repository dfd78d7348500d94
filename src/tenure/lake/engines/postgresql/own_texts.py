"""Statements that are said in PostgreSQL in words of their own, by the name in the comment that they begin with."""

import re

_NAMED = re.compile(r"\s*/\* (\w+) \*/")
_TEXTS = ("sku", "name", "category", "brand", "variant")


def _text_of(name: str) -> str:
    return f"nullif(trim(json_text(item.value, '{name}')), '')"


_IS_SAID = ", ".join(
    f"json_text(item.value, '{name}')"
    for name in ("product_id", "productId", "id", *_TEXTS, "quantity", "price")
)

OWN_TEXTS = {
    "promote_order_lines": f"""
INSERT INTO order_lines (seq, customer_id, order_id, line, occurred_at, product_id, {", ".join(_TEXTS)}, quantity, price)
SELECT e.seq, o.customer_id, o.order_id, item.line, e.occurred_at,
    coalesce({_text_of("product_id")}, {_text_of("productId")}, {_text_of("id")}),
    {", ".join(_text_of(name) for name in _TEXTS)},
    coalesce(try_double(json_text(item.value, 'quantity')), 1), try_double(json_text(item.value, 'price'))
FROM resolved AS e JOIN order_events AS o ON o.seq = e.seq
CROSS JOIN LATERAL json_items(json_part(e.properties, 'products')) WITH ORDINALITY AS item (value, line)
WHERE o.seq >= (SELECT min(seq) FROM resolved) AND o.kind IN ('completed', 'updated')
    AND jsonb_typeof(item.value) = 'object' AND coalesce({_IS_SAID}) IS NOT NULL
ORDER BY e.seq, item.line
""",
}


def find_own_text(statement: str) -> str | None:
    """PostgreSQL's own text for a statement that begins with `/* name */`; None for one that is translated."""
    named = _NAMED.match(statement)
    return OWN_TEXTS[named.group(1)] if named else None
