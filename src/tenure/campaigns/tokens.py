"""Signed tokens in mails: compact, without personal data, useless when changed by one character."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from django.conf import settings

OPEN, CLICK, UNSUBSCRIBE = "o", "c", "u"
SIGNATURE_BYTES = 12
LONGEST = 120


@dataclass(frozen=True, slots=True)
class TokenContent:
    """What a token says: which delivery of which campaign, to whom, and for a click which link."""

    campaign_id: int
    delivery_id: int
    customer_id: int
    position: int = 0


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return blake2b(secret.encode(), person=b"tenure.mail").digest()


def sign_token(purpose: str, content: TokenContent) -> str:
    """A token for `purpose`, which another purpose does not accept."""
    numbers = (content.campaign_id, content.delivery_id, content.customer_id, content.position)
    body = b"".join(_encode_number(number) for number in numbers)
    return urlsafe_b64encode(body + _signature(purpose, body)).decode("ascii").rstrip("=")


def find_token_content(purpose: str, token: str) -> TokenContent | None:
    """What the token says, or None when it was not made here for this purpose."""
    if len(token) > LONGEST or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    body, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    if not body or not hmac.compare_digest(signature, _signature(purpose, body)):
        return None
    canonical = urlsafe_b64encode(raw).decode("ascii").rstrip("=")
    if canonical != token:
        return None
    return TokenContent(*_decode_numbers(body))


def _signature(purpose: str, body: bytes) -> bytes:
    return blake2b(
        purpose.encode() + body, digest_size=SIGNATURE_BYTES, key=_key(settings.SECRET_KEY)
    ).digest()


def _encode_number(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _decode_numbers(body: bytes) -> list[int]:
    numbers, number, shift = [], 0, 0
    for byte in body:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            numbers.append(number)
            number, shift = 0, 0
    return numbers
