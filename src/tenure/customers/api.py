"""The door of the customers room: who they are, and what is known of each."""

from tenure.customers.currencies import (
    choose_currency,
    find_shop_currency,
    list_currencies,
    list_currencies_of,
)
from tenure.customers.folding import BatchIdentities, fold_batch
from tenure.customers.order_lines import build_order_lines
from tenure.customers.orders import (
    bound_amount,
    build_order_totals,
    build_orders,
    build_orders_between,
    current_order_events,
)
from tenure.customers.profiles import (
    CustomerPage,
    CustomerRow,
    CustomerView,
    TimelineEvent,
    build_customers,
    build_search,
    find_current_id,
    find_customer_id,
    get_customer,
    get_customer_by_identifier,
    list_timeline,
    search_customers,
)
from tenure.customers.scores import compact, compact_when_large, write_scores
from tenure.customers.suppression import is_suppressed, list_suppressed, list_suppressions, suppress

__all__ = [
    "BatchIdentities",
    "CustomerPage",
    "CustomerRow",
    "CustomerView",
    "TimelineEvent",
    "bound_amount",
    "build_customers",
    "build_order_lines",
    "build_order_totals",
    "build_orders",
    "build_orders_between",
    "build_search",
    "choose_currency",
    "compact",
    "compact_when_large",
    "current_order_events",
    "find_current_id",
    "find_customer_id",
    "find_shop_currency",
    "fold_batch",
    "get_customer",
    "get_customer_by_identifier",
    "is_suppressed",
    "list_currencies",
    "list_currencies_of",
    "list_suppressed",
    "list_suppressions",
    "list_timeline",
    "search_customers",
    "suppress",
    "write_scores",
]
