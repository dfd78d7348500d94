"""The door of the imports: files of customers, orders and events become events.

    shape = sniff("orders.csv")                            how the file is written
    guess_mapping("orders", shape)                         {"order_id": "Invoice", ...} by names and first rows
    run_import("orders", "orders.csv", {"amount": "5"})    into the lake, resumable; a second time changes nothing
    read_orders("orders.csv", {"customer_id": "1", ...})   the file's orders as an Arrow table, nothing kept

What becomes of a row
---------------------
Orders: the lines of one order are one `Order Completed` with all its products. Lines with a negative quantity or
amount are an `Order Refunded`: of the order if it has other lines, else a credit note with its own number. A file
without order ids makes one order of a customer's lines of one moment, named "customer/moment". A line without a
customer counts in the shop's totals. The message id is a hash of source, order and content, so that the same order
says nothing twice. An order that is known with other content becomes `Order Updated` (the new amount, at the order's own
time); of refunds only what goes beyond those known becomes another `Order Refunded`, since refunds add up. An order
that vanished from a later file stays. Dates stay too: a file whose days and months would be read the other way round
than before is refused, and one that does not say which comes first needs a date format before anything is written.
`email` and `country` of an order file become one `identify` per customer.

Customers: one `identify` a row; columns that are no field become traits under their own name; "no" in
`accepts_email` becomes `Unsubscribed`. Events: one `track` a row; columns that are no field become properties.
"""

from tenure.config.environment import read_environment
from tenure.events.appending import AppendResult
from tenure.events.imports.choosing import FieldChoice, check_choices, list_choices, read_choices
from tenure.events.imports.columns import stream_column, without_header
from tenure.events.imports.date_choice import DATE_CHOICES, DateChoice, guess_dates, read_date_choice
from tenure.events.imports.dates import NAMED_FORMATS as DATE_FORMATS
from tenure.events.imports.mapping import (
    FIELDS,
    Field,
    find_column,
    get_fields,
    guess_mapping,
    parse_mapping,
    resolve_mapping,
)
from tenure.events.imports.order_files import (
    LeftOut,
    OrderFile,
    load_order_lines,
    read_order_file,
    read_orders,
    temporary_staging,
)
from tenure.events.imports.orders import StagedOrders
from tenure.events.imports.rejecting import describe_reason
from tenure.events.imports.results import FileShape, ImportResult
from tenure.events.imports.running import DEFAULT_SOURCE, run_import
from tenure.events.imports.runs import ImportRun
from tenure.events.imports.runs import list_runs as _list_runs
from tenure.events.imports.sniffing import sniff
from tenure.events.imports.uploads import Upload, discard_upload, get_upload, keep_upload

__all__ = [
    "DATE_CHOICES",
    "DATE_FORMATS",
    "DEFAULT_SOURCE",
    "FIELDS",
    "AppendResult",
    "DateChoice",
    "Field",
    "FieldChoice",
    "FileShape",
    "ImportResult",
    "ImportRun",
    "LeftOut",
    "OrderFile",
    "StagedOrders",
    "Upload",
    "check_choices",
    "describe_reason",
    "discard_upload",
    "find_column",
    "get_fields",
    "get_upload",
    "guess_dates",
    "guess_mapping",
    "keep_upload",
    "list_choices",
    "list_runs",
    "load_order_lines",
    "parse_mapping",
    "read_choices",
    "read_date_choice",
    "read_order_file",
    "read_orders",
    "resolve_mapping",
    "run_import",
    "sniff",
    "stream_column",
    "temporary_staging",
    "without_header",
]


def list_runs() -> list[ImportRun]:
    """Imports into this data folder, the latest first; unfinished ones go on when run again."""
    return _list_runs(read_environment().import_folder)
