"""Many identifiers at once: whom each of them names."""

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from tenure.customers.identity import ANONYMOUS_ID, USER_ID
from tenure.lake import api as lakes

_MOST_PARAMETERS = 900


def find_customer_ids(values: pa.Array) -> pa.Array:
    """The customer of each text, as `find_customer_id` finds it; NULL where nobody is called so.

    User ids go before anonymous ids, and these before e-mail addresses.
    """
    wanted = pc.unique(values).drop_null()
    found = pa.nulls(len(wanted), pa.int64())
    for find in (_find_user_ids, _find_anonymous_ids, _find_addresses):
        left = wanted.filter(found.is_null())
        if not len(left):
            break
        names, ids = find(left)
        found = pc.coalesce(found, ids.take(pc.index_in(wanted, value_set=names)))
    return found.take(pc.index_in(values, value_set=wanted))


def _find_user_ids(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    return _find_identifiers(USER_ID, values)


def _find_anonymous_ids(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    return _find_identifiers(ANONYMOUS_ID, values)


def _find_identifiers(kind: str, values: pa.Array) -> tuple[pa.Array, pa.Array]:
    rows: list[tuple[str, int]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(values), _MOST_PARAMETERS):
            part = values.slice(start, _MOST_PARAMETERS).to_pylist()
            places = ", ".join(["%s"] * len(part))
            cursor.execute(
                f"SELECT value, customer_id FROM customers_identifier WHERE kind = %s AND value IN ({places})",
                [kind, *part],
            )
            rows += cursor.fetchall()
    return pa.array([name for name, _ in rows], pa.string()), pa.array([one for _, one in rows], pa.int64())


def _find_addresses(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    given = values.filter(pc.match_substring(values, "@"))
    table = pa.table({"value": given, "address": pc.utf8_lower(given)})
    with lakes.current().reading() as reader, reader.with_rows("_given", table) as rows:
        customers = lakes.table("customers")
        pairs = rows.inner_join(customers, rows.address == customers.email)
        found = reader.read(pairs.group_by("value").agg(customer_id=pairs.customer_id.min()))
    return found.column("value").combine_chunks(), found.column("customer_id").combine_chunks()
