"""The mailbox of the catcher: a small SQLite file of its own, read by the product's pages."""

import email
import email.policy
import re
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path

from tenure.base import clock
from tenure.base.errors import NotFoundError
from tenure.channels.smtp_server import ReceivedMail
from tenure.config.environment import read_environment

FILE_NAME = "mailbox.sqlite3"
SUBJECT = re.compile(rb"^Subject:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
    id INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, sender TEXT NOT NULL,
    subject TEXT NOT NULL, received_at REAL NOT NULL, content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS mails_by_recipient ON mails (recipient);
"""


@dataclass(frozen=True)
class CaughtMail:
    """One line of the list."""

    id: int
    recipient: str
    sender: str
    subject: str
    received_at: datetime


@dataclass(frozen=True)
class OpenedMail:
    """One mail in full: decoded headers in order, both bodies."""

    mail: CaughtMail
    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str
    content: bytes


@dataclass(frozen=True)
class MailPage:
    """A page of the list, newest first."""

    mails: tuple[CaughtMail, ...]
    total_count: int


def get_mailbox_path() -> Path:
    """The mailbox of this data folder."""
    return read_environment().home / FILE_NAME


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the mailbox file, made when it is not there."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(SCHEMA)
        yield connection
    finally:
        connection.close()


def add_mails(connection: sqlite3.Connection, mails: Sequence[ReceivedMail]) -> None:
    """Keep mails, one row per recipient, in one transaction."""
    now = clock.now().timestamp()
    rows = [
        (recipient, mail.sender, read_subject(mail.content), now, zlib.compress(mail.content, 1))
        for mail in mails
        for recipient in mail.recipients
    ]
    with connection:
        connection.executemany(
            "INSERT INTO mails (recipient, sender, subject, received_at, content) VALUES (?, ?, ?, ?, ?)",
            rows,
        )


def list_mails(query: str = "", offset: int = 0, limit: int = 50, path: Path | None = None) -> MailPage:
    """Mails whose recipient contains `query`, newest first."""
    path = path or get_mailbox_path()
    if not path.exists():
        return MailPage((), 0)
    escaped = re.sub(r"([\\%_])", r"\\\1", query.strip())
    where, parameters = ("WHERE recipient LIKE ? ESCAPE '\\'", [f"%{escaped}%"]) if escaped else ("", [])
    with opened(path) as connection:
        total = connection.execute(f"SELECT count(*) FROM mails {where}", parameters).fetchone()[0]
        rows = connection.execute(
            f"SELECT id, recipient, sender, subject, received_at FROM mails {where}"
            " ORDER BY id DESC LIMIT ? OFFSET ?",
            [*parameters, limit, offset],
        ).fetchall()
    return MailPage(tuple(_to_mail(row) for row in rows), total)


def get_mail(mail_id: int, path: Path | None = None) -> OpenedMail:
    """Errors: NotFoundError."""
    path = path or get_mailbox_path()
    row = None
    if path.exists():
        with opened(path) as connection:
            row = connection.execute(
                "SELECT id, recipient, sender, subject, received_at, content FROM mails WHERE id = ?",
                [mail_id],
            ).fetchone()
    if row is None:
        raise NotFoundError("no_such_mail", f"There is no mail {mail_id} in the mailbox.")
    content = zlib.decompress(row[5])
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    headers = tuple((name, str(value)) for name, value in parsed.items())
    html, text = _read_part(parsed, "html"), _read_part(parsed, "plain")
    return OpenedMail(_to_mail(row[:5]), headers, html, text or "", content)


def delete_all(path: Path | None = None) -> None:
    """Empty the mailbox."""
    path = path or get_mailbox_path()
    if path.exists():
        with opened(path) as connection, connection:
            connection.execute("DELETE FROM mails")


def delete_mails_to(recipients: Sequence[str], path: Path | None = None) -> int:
    """Delete the mails to these addresses; nothing of them stays in the file. Gives how many."""
    path = path or get_mailbox_path()
    if not path.exists() or not recipients:
        return 0
    with opened(path) as connection:
        wanted = [(recipient.lower(),) for recipient in recipients]
        with connection:
            count = connection.executemany("DELETE FROM mails WHERE lower(recipient) = ?", wanted).rowcount
        if count > 0:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return max(count, 0)


def read_subject(content: bytes) -> str:
    """The decoded subject of a message, without parsing all of it."""
    match = SUBJECT.search(content[: max(content.find(b"\r\n\r\n"), 0) + 2 or 10_000])
    if match is None:
        return ""
    raw = re.sub(rb"\r?\n(?=[ \t])", b"", match.group(1)).decode("utf-8", "replace").strip()
    if "=?" not in raw:
        return raw[:500]
    try:
        return str(make_header(decode_header(raw)))[:500]
    except (ValueError, LookupError):
        return raw[:500]


def _read_part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError, KeyError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _to_mail(row: Sequence[object]) -> CaughtMail:
    return CaughtMail(
        int(str(row[0])),
        str(row[1]),
        str(row[2]),
        str(row[3]),
        datetime.fromtimestamp(float(str(row[4])), UTC),
    )
