"""The door of the customers room: who they are, and what is known of each."""

from tenure.customers.batch_facts import fold_facts
from tenure.customers.companies import Company, build_companies, find_company, select_colleagues
from tenure.customers.currencies import (
    choose_currency,
    find_shop_currency,
    list_currencies,
    list_currencies_of,
)
from tenure.customers.dossier import stream_export
from tenure.customers.erasing import Receipt, erase_customer, get_receipt, resume_erasures
from tenure.customers.export import stream_csv
from tenure.customers.finding import find_customer_ids
from tenure.customers.folding import TOUCHED, fold_batch, refold
from tenure.customers.identity_changes import TO_REFOLD, BatchIdentities
from tenure.customers.joining import MergeView, list_merges, merge_customers, unmerge
from tenure.customers.merge_preview import MergePreview, TraitChoice, can_be_mailed, preview_merge
from tenure.customers.order_lines import build_order_lines
from tenure.customers.orders import (
    bound_amount,
    build_order_totals,
    build_orders,
    build_orders_between,
    current_order_events,
)
from tenure.customers.privacy import PrivacyRoom, Subject, find_subject, set_privacy_rooms
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
from tenure.customers.scores import compact, compact_when_large, select_by_key, write_scores
from tenure.customers.sentences import Sentence, describe_event
from tenure.customers.sessions import NOT_VISITS, build_sessions
from tenure.customers.suppression import (
    has_hashed_suppressions,
    is_suppressed,
    list_suppressed,
    list_suppressions,
    recall_suppressions,
    suppress,
)
from tenure.customers.suppression_projection import bring_suppressions

__all__ = [
    "NOT_VISITS",
    "TOUCHED",
    "TO_REFOLD",
    "BatchIdentities",
    "Company",
    "CustomerPage",
    "CustomerRow",
    "CustomerView",
    "MergePreview",
    "MergeView",
    "PrivacyRoom",
    "Receipt",
    "Sentence",
    "Subject",
    "TimelineEvent",
    "TraitChoice",
    "bound_amount",
    "bring_suppressions",
    "build_companies",
    "build_customers",
    "build_order_lines",
    "build_order_totals",
    "build_orders",
    "build_orders_between",
    "build_search",
    "build_sessions",
    "can_be_mailed",
    "choose_currency",
    "compact",
    "compact_when_large",
    "current_order_events",
    "describe_event",
    "erase_customer",
    "find_company",
    "find_current_id",
    "find_customer_id",
    "find_customer_ids",
    "find_shop_currency",
    "find_subject",
    "fold_batch",
    "fold_facts",
    "get_customer",
    "get_customer_by_identifier",
    "get_receipt",
    "has_hashed_suppressions",
    "is_suppressed",
    "list_currencies",
    "list_currencies_of",
    "list_merges",
    "list_suppressed",
    "list_suppressions",
    "list_timeline",
    "merge_customers",
    "preview_merge",
    "recall_suppressions",
    "refold",
    "resume_erasures",
    "search_customers",
    "select_by_key",
    "select_colleagues",
    "set_privacy_rooms",
    "stream_csv",
    "stream_export",
    "suppress",
    "unmerge",
    "write_scores",
]
