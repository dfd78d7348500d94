"""What crosses the door of the imports: the shape of a file, and what became of it."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FileShape:
    """How a file is written, from its first 256 KB.

    `delimiter` is None where columns are separated by runs of blanks. Columns of a file without a header
    are named "column 1", "column 2" and so on. `samples` are the first data rows as text.
    """

    encoding: str
    delimiter: str | None
    has_header: bool
    columns: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    compression: str | None
    rows_estimate: int


@dataclass(frozen=True)
class ImportResult:
    """What an import did. Amounts are in the file's own currency; `total_amount` is net of refunds.

    `orders` are orders with at least one line that is no refund, `credit_notes` those with refund lines only,
    `refunds` all refund events (credit notes included). `events_written` is 0 in a dry run; `duplicates` were
    already known. `identified` are the customers of an order file whose address or country makes an event of its own.
    `ended_at_line` is the last whole line of a file that was cut off.
    """

    kind: str
    file: str
    source: str
    dry_run: bool
    rows_read: int = 0
    rows_rejected: int = 0
    rejected_file: Path | None = None
    rejected_reasons: dict[str, int] = field(default_factory=dict)
    rejected_words: dict[str, int] = field(default_factory=dict)
    orders: int = 0
    credit_notes: int = 0
    refunds: int = 0
    customers: int = 0
    identified: int = 0
    events_built: int = 0
    events_written: int = 0
    duplicates: int = 0
    rows_without_customer: int = 0
    orders_without_customer: int = 0
    total_amount: Decimal = Decimal(0)
    first_at: datetime | None = None
    last_at: datetime | None = None
    date_format: str | None = None
    ended_at_line: int | None = None
    warnings: tuple[str, ...] = ()
    mapping: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The result with plain JSON values: amounts as text, times as ISO 8601 in UTC."""
        plain: dict[str, Any] = {}
        for name, value in asdict(self).items():
            if isinstance(value, datetime):
                plain[name] = value.isoformat()
            elif isinstance(value, Path | Decimal):
                plain[name] = str(value)
            elif isinstance(value, tuple):
                plain[name] = list(value)
            else:
                plain[name] = value
        return plain
