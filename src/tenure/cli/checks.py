"""The checks of `tenure doctor`, in one list. Each gives a finding; none changes anything."""

import os
import platform
import shutil
import smtplib
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from tenure.base.words import count_of
from tenure.config.environment import read_environment

LEAST_FREE_BYTES = 1_000_000_000
MOST_WAITING_EVENTS = 100_000
SMTP_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """`what_to_do` is empty where nothing is to be done; a finding that is ok may carry advice and is a warning then."""

    ok: bool
    message: str
    what_to_do: str = ""

    @property
    def level(self) -> str:
        """failed, warning or ok."""
        if not self.ok:
            return "failed"
        return "warning" if self.what_to_do else "ok"

    def as_dict(self) -> dict[str, Any]:
        return {"level": self.level, **asdict(self)}


def count_everything() -> dict[str, int]:
    """events and customers in the lake, events waiting in the inbox, messages waiting in the outbox."""
    from tenure.channels import api as channels
    from tenure.events import api as events

    outbox = channels.count_outbox()
    return {
        "events": _count_rows("events"),
        "customers": _count_rows("customers"),
        "inbox": events.count_waiting(),
        "outbox": outbox["planned"] + outbox["claimed"],
    }


def _count_rows(table: str) -> int:
    from tenure.lake import api as lakes

    return int(lakes.current().read_value(lakes.table(table).aggregate(n=lakes.table(table).count())) or 0)


def check_data_folder() -> Finding:
    home = read_environment().home
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            False,
            f"{home} cannot be written.",
            f"Give the account that runs Tenure the right to write {home}.",
        )
    if home.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        return Finding(True, f"{home} is writable, and open to others.", f"Close it: chmod 700 {home}")
    return Finding(True, f"{home} is writable.")


def check_disk_space() -> Finding:
    free = shutil.disk_usage(read_environment().home).free
    text = f"{free / 1e9:,.1f} GB free."
    if free < LEAST_FREE_BYTES:
        return Finding(
            False, text, "Make room on the disk of the data folder, or move the folder to a larger disk."
        )
    return Finding(True, text)


def check_versions() -> Finding:
    from importlib.metadata import version

    import tenure

    names = ("django", "duckdb", "ibis-framework", "sqlglot", "granian")
    parts = ", ".join(f"{name} {version(name)}" for name in names)
    pinned = version("duckdb").startswith("1.5.") and version("sqlglot") == "30.10.0"
    return Finding(
        pinned,
        f"Tenure {tenure.__version__} on Python {platform.python_version()}; {parts}.",
        "" if pinned else "Install with the constraints: pip install -c constraints.txt tenure",
    )


def check_lake() -> Finding:
    from tenure.lake import api as lakes

    lake = lakes.current()
    message = f"The lake is open: {lake.describe()}, schema version {lake.schema_version()}."
    environment = read_environment()
    if not environment.lake_url:
        return Finding(True, message)
    if environment.lake_path.exists():
        return Finding(
            True,
            f"{message} {environment.lake_path.name} in the data folder is not used.",
            "What it holds is not in PostgreSQL. Unset TENURE_LAKE_URL to go back to it, or delete it.",
        )
    return Finding(True, f"{message} It is backed up with PostgreSQL's own tools, not by tenure backup.")


def check_history() -> Finding:
    from tenure.lake import api as lakes

    history = lakes.current().history
    if history is None:
        return Finding(True, "The lake's engine looks up one customer's past by itself.")
    behind = history.count_behind()
    if history.is_building:
        return Finding(
            True,
            "The history of customers is being built.",
            "Wait while the server runs; until then segments follow single events more slowly.",
        )
    columns = lakes.current().columns
    columns_behind = columns.count_behind() if columns is not None else 0
    return Finding(
        True,
        f"The history of customers is {count_of(behind, 'event', 'events')} behind, "
        f"the columns of events {count_of(columns_behind, 'event', 'events')}.",
    )


def check_ledger() -> Finding:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(1)")
        outcome = cursor.fetchone()[0]
    if outcome != "ok":
        return Finding(
            False, f"The ledger is damaged: {outcome}", "Stop Tenure and restore the latest backup."
        )
    return Finding(True, "The ledger is sound.")


def check_secret() -> Finding:
    path = read_environment().secret_path
    if not path.exists():
        return Finding(
            False, "There is no secret file.", "Start Tenure once with `tenure serve`; it makes one."
        )
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding(False, "Others can read the secret file.", f"chmod 600 {path}")
    return Finding(True, "The secret file is readable by its owner only.")


def check_inbox() -> Finding:
    from tenure.events import api as events

    parked = events.count_parked()
    if parked:
        return Finding(
            False,
            f"{count_of(parked, 'batch', 'batches')} could not be folded and put aside.",
            "Nothing is lost. Report this as a bug with the lines about parked batches from the server's output.",
        )
    waiting = events.count_waiting()
    if waiting > MOST_WAITING_EVENTS:
        return Finding(
            False,
            f"{count_of(waiting, 'event waits', 'events wait')} to be folded.",
            "Look at the server's output for errors of the pump.",
        )
    return Finding(True, f"{count_of(waiting, 'event waits', 'events wait')} to be folded.")


def check_merges() -> Finding:
    from tenure.lake import api as lakes

    merges = lakes.table("merges")
    gone = lakes.table("merges").select(gone_id="from_customer_id")
    chained = merges.semi_join(gone, merges.into_customer_id == gone.gone_id)
    count = int(lakes.current().read_value(chained.aggregate(n=chained.count())) or 0)
    if count:
        return Finding(
            False,
            f"{count_of(count, 'merge points', 'merges point')} to a customer that was merged itself.",
            "Report this as a bug.",
        )
    return Finding(True, "Every merged customer leads to a current one.")


def check_currencies() -> Finding:
    from tenure.lake import api as lakes

    orders = lakes.table("order_events")
    found = lakes.current().read(orders.filter(orders.currency.notnull()).select("currency").distinct())
    currencies = sorted(found.column("currency").to_pylist())
    if len(currencies) > 1:
        return Finding(
            True,
            f"Orders come in {len(currencies)} currencies: {', '.join(currencies)}. Revenue adds them up as if they were one.",
            "Send and import amounts in one currency until Tenure converts them.",
        )
    return Finding(
        True, f"Orders are in {currencies[0]}." if currencies else "There are no orders with a currency yet."
    )


def check_smtp() -> Finding:
    url = read_environment().smtp_url
    if not url:
        return Finding(
            True,
            "No mail server is set: campaigns cannot be sent.",
            "Set TENURE_SMTP_URL, like smtp://user:password@host:587",
        )
    if url == "catcher":
        return Finding(
            True, "Mails go to the local catcher and can be read in Tenure; nothing leaves the machine."
        )
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (465 if parts.scheme == "smtps" else 587)
    try:
        kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
        with kind(host, port, timeout=SMTP_TIMEOUT_SECONDS) as connection:
            connection.noop()
    except OSError as error:
        return Finding(
            False,
            f"The mail server {host}:{port} does not answer ({error}).",
            "Check TENURE_SMTP_URL and the mail server.",
        )
    return Finding(True, f"The mail server {host}:{port} answers.")


def check_in_doubt() -> Finding:
    from tenure.channels import api as channels

    count = channels.count_outbox()["in_doubt"]
    if count:
        return Finding(
            True,
            f"{count_of(count, 'message is', 'messages are')} in doubt: a crash came between handing them over and the answer.",
            "Look at them on the campaign's page and decide; Tenure does not send them again by itself.",
        )
    return Finding(True, "No message is in doubt.")


def check_base_url() -> Finding:
    url = read_environment().base_url
    if not url:
        return Finding(
            True,
            "No public address is set: links in mails lead to the server's own address.",
            "Set TENURE_BASE_URL to the address customers can reach, like https://crm.example.com",
        )
    if not url.startswith("https://"):
        return Finding(
            True,
            f"{url} is not https: mail programs ignore one-click unsubscribe (RFC 8058) without it.",
            "Put Tenure behind a server that speaks TLS and set TENURE_BASE_URL to its https address.",
        )
    return Finding(True, f"Links in mails lead to {url}.")


CHECKS: dict[str, Callable[[], Finding]] = {
    "data folder": check_data_folder,
    "disk space": check_disk_space,
    "versions": check_versions,
    "lake": check_lake,
    "history": check_history,
    "ledger": check_ledger,
    "secret": check_secret,
    "inbox": check_inbox,
    "merges": check_merges,
    "currencies": check_currencies,
    "mail server": check_smtp,
    "messages in doubt": check_in_doubt,
    "public address": check_base_url,
}
