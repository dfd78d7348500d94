"""E-mail messages as bytes, built by hand: about thirty times as fast as `EmailMessage`."""

import base64
import binascii
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from tenure.base import clock
from tenure.base.errors import TenureError

FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
HEADER_NAME = re.compile(r"[!-9;-~]{1,70}")
ADDRESS = re.compile(
    r"(?=.{3,254}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
OWN_HEADERS = frozenset(
    ["from", "to", "subject", "date", "mime-version", "content-type", "content-transfer-encoding", "bcc"]
)
LINE = 76
_random = random.Random()


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One mail to one person. `from_address` may be `Name <address>`; `html` None makes a text-only mail."""

    to: str
    from_address: str
    subject: str
    html: str | None
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail ready for the wire: bare ASCII addresses and the bytes of the message, lines ended by CRLF."""

    sender: str
    recipient: str
    content: bytes


def build_envelope(email: OutgoingEmail) -> Envelope:
    """Build the MIME message. Errors: `bad_address`, `bad_header` (for example one with a line break)."""
    from_header, sender, domain = _parse_sender(email.from_address)
    recipient = normalise_address(email.to)
    lines = [
        f"From: {from_header}",
        f"To: {recipient}",
        "Subject: " + encode_header("Subject", email.subject),
        f"Date: {format_datetime(clock.now())}",
        "MIME-Version: 1.0",
    ]
    names = set()
    for name, value in email.headers.items():
        lowered = name.lower()
        if not HEADER_NAME.fullmatch(name) or lowered in OWN_HEADERS or lowered in names:
            raise TenureError("bad_header", f"{name!r} cannot be set as a header of a mail.", "headers")
        names.add(lowered)
        lines.append(f"{name}: {encode_header(name, value)}")
    token = f"{_random.getrandbits(96):024x}"
    if "message-id" not in names:
        lines.append(f"Message-ID: <{token}@{domain}>")
    if email.html is None:
        body = ["Content-Type: text/plain; charset=utf-8", *_encode_part(email.text)]
        return Envelope(sender, recipient, "\r\n".join(lines + body).encode("ascii"))
    boundary = f"=_{token}"
    lines.append(f'Content-Type: multipart/alternative; boundary="{boundary}"')
    parts = [
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=utf-8",
        *_encode_part(email.text),
        f"--{boundary}",
        "Content-Type: text/html; charset=utf-8",
        *_encode_part(email.html),
        f"--{boundary}--",
        "",
    ]
    return Envelope(sender, recipient, "\r\n".join(lines + parts).encode("ascii"))


def normalise_address(address: str) -> str:
    """A bare address that is safe on the wire; an international domain in its ASCII form."""
    if address.isascii() and ADDRESS.fullmatch(address):
        return address
    local, at, domain = address.strip().rpartition("@")
    if at and local.isascii():
        try:
            address = f"{local}@{domain.encode('idna').decode('ascii')}"
        except UnicodeError:
            address = ""
        if ADDRESS.fullmatch(address):
            return address
    shown = FORBIDDEN.sub("?", f"{local}@{domain}")[:100]
    raise TenureError("bad_address", f"{shown!r} is not an address that mail can be sent to.", "address")


def encode_header(name: str, value: str) -> str:
    """The value of a header, folded, encoded by RFC 2047 where it is not plain ASCII."""
    if FORBIDDEN.search(value):
        raise TenureError("bad_header", f"The header {name} must not contain line breaks.", "headers")
    room = LINE - len(name) - 2
    if value.isascii() and "=?" not in value:
        if len(value) <= room:
            return value
        folded = _fold(value, room)
        if folded is not None:
            return folded
    if name.lower().startswith("list-") or name.lower() == "message-id":
        raise TenureError("bad_header", f"The header {name} must be ASCII, its words under 990.", "headers")
    return _encode_words(value, room)


def _fold(value: str, room: int) -> str | None:
    """Break at single spaces only, so that unfolding gives the value back; None where a line is too long."""
    if value != value.strip() or "  " in value:
        return None
    lines, current = [], ""
    for word in value.split(" "):
        if current and len(current) + 1 + len(word) > room:
            lines.append(current)
            current, room = word, LINE - 1
        else:
            current = f"{current} {word}" if current else word
    lines.append(current)
    return "\r\n ".join(lines) if max(map(len, lines)) <= 990 else None


def _encode_words(value: str, room: int) -> str:
    words, chunk, size = [], "", 0
    limit = min(room, 75) - 12
    for character in value:
        length = len(character.encode("utf-8", "replace"))
        if (size + length + 2) // 3 * 4 > limit:
            words.append(chunk)
            chunk, size, limit = "", 0, 75 - 12
        chunk += character
        size += length
    words.append(chunk)
    encoded = (base64.b64encode(word.encode("utf-8", "replace")).decode("ascii") for word in words)
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in encoded)


def _encode_part(text: str) -> list[str]:
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    encoded = binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n").decode("ascii")
    return ["Content-Transfer-Encoding: quoted-printable", "", encoded]


@lru_cache(maxsize=64)
def _parse_sender(from_address: str) -> tuple[str, str, str]:
    """The From header, the envelope sender and its domain."""
    if FORBIDDEN.search(from_address):
        raise TenureError("bad_header", "The sender's address must not contain line breaks.", "from_address")
    name, address = parseaddr(from_address)
    try:
        bare = normalise_address(address)
    except TenureError as error:
        message = f"{from_address!r} is not a sender. Write it like: Shop <hello@example.com>"
        raise TenureError("bad_address", message, "from_address") from error
    domain = bare.rpartition("@")[2]
    if not name:
        return bare, bare, domain
    if name.isascii() and len(name) <= 200:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        shown = (
            name
            if re.fullmatch(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+", name) and "=?" not in name
            else f'"{quoted}"'
        )
        return f"{shown} <{bare}>", bare, domain
    return f"{_encode_words(name, LINE - 6)}\r\n <{bare}>", bare, domain
