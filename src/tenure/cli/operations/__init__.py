"""Every operation of the command line that needs the data folder, in one list.

They run in this process or, while a server holds the data folder, in the server (`cli.dispatch` decides).
"""

from tenure.base.errors import NotFoundError
from tenure.cli.operations import (
    apply_preset,
    back_up,
    create_user,
    erase_customer,
    examine,
    export_customer,
    import_file,
    join_customers,
    keys,
    list_presets,
    refresh,
    report_campaign,
    score,
    segments,
    send_campaign,
    show_customer,
    static_lists,
)
from tenure.cli.operations.operation import Operation

OPERATIONS: list[Operation] = [
    create_user.OPERATION,
    *keys.OPERATIONS,
    import_file.OPERATION,
    refresh.OPERATION,
    score.OPERATION,
    show_customer.OPERATION,
    join_customers.MERGE,
    join_customers.UNMERGE,
    export_customer.OPERATION,
    erase_customer.OPERATION,
    send_campaign.OPERATION,
    report_campaign.OPERATION,
    list_presets.OPERATION,
    apply_preset.OPERATION,
    back_up.OPERATION,
    examine.OPERATION,
    *segments.OPERATIONS,
    *static_lists.OPERATIONS,
]


def get_operation(name: str) -> Operation:
    for operation in OPERATIONS:
        if operation.name == name:
            return operation
    raise NotFoundError(
        "no_such_operation",
        f"This server does not know the operation {name!r}: it is of another version than the command. Restart it.",
    )
