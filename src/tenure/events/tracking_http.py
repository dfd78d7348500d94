"""The tracking API over HTTP: an ASGI application of its own, because it is the hot path.

No thread is held per request: a call waits for the inbox's group commit on the event loop.
"""

import asyncio
import base64
import binascii
import json
import logging
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from tenure.base import clock
from tenure.base.errors import NotFoundError, TenureError
from tenure.events.batch import encode_rows
from tenure.events.inbox import Inbox
from tenure.events.keys import KeyRing
from tenure.events.tracking import (
    MOST_BATCH_BYTES,
    MOST_CALL_BYTES,
    TYPES,
    Decoded,
    decode_batch,
    decode_single,
    too_large,
)

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding, x-strict-mode"),
    (b"access-control-allow-methods", b"POST, OPTIONS"),
]
_SUCCESS = b'{"success":true}'
_SHORT = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}


class TrackingApp:
    """Answers POST /v1/identify, track, page, screen, group, alias, batch and import."""

    def __init__(self, inbox: Inbox, keys: KeyRing) -> None:
        self._inbox = inbox
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await _respond(send, 204, b"")
            return
        try:
            status, body = await self._answer(scope, receive)
        except TenureError as error:
            status, body = error.status, json.dumps({"success": False, "error": error.as_dict()}).encode()
        except Exception:
            logger.exception("a tracking call failed")
            status, body = 500, b'{"success":false,"error":{"code":"internal","message":"Try again."}}'
        await _respond(send, status, body)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        kind = scope["path"].removeprefix("/v1/").strip("/")
        kind = _SHORT.get(kind, kind)
        if kind not in TYPES and kind not in ("batch", "import"):
            raise NotFoundError(
                "no_such_call", f"There is no /v1/{kind}. Calls: {', '.join(TYPES)}, batch, import."
            )
        if scope["method"] != "POST":
            error = TenureError("wrong_method", "Send a POST.")
            error.status = 405
            raise error
        headers = dict(scope["headers"])
        is_many = kind in ("batch", "import")
        limit = MOST_BATCH_BYTES if is_many else MOST_CALL_BYTES
        body = await _read_body(receive, headers, limit, "batch" if is_many else "call")
        strict = headers.get(b"x-strict-mode", b"") in (b"1", b"true")
        given_key = _basic_user(headers)
        source = await self._find_source(given_key)
        if given_key and source is None:
            raise _bad_write_key()
        received_at = clock.now()
        decoded = (
            decode_batch(body, received_at, source or "", strict, kind == "import")
            if is_many
            else decode_single(body, kind, received_at, source or "", strict)
        )
        if source is None:
            source = await self._find_source(decoded.write_key)
            if source is None:
                raise _bad_write_key()
            decoded = Decoded([(*row[:12], source) for row in decoded.rows], decoded.rejections, None)
        return await self._accept(decoded, strict)

    async def _accept(self, decoded: Decoded, strict: bool) -> tuple[int, bytes]:
        if decoded.rejections and strict:
            reasons = [rejection.as_dict() for rejection in decoded.rejections]
            return 400, json.dumps({"success": False, "error": reasons[0], "rejected": reasons}).encode()
        if decoded.rows:
            await self._commit(decoded)
        if decoded.rejections:
            reasons = [rejection.as_dict() for rejection in decoded.rejections]
            return 200, json.dumps({"success": True, "rejected": reasons}).encode()
        return 200, _SUCCESS

    async def _commit(self, decoded: Decoded) -> None:
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[None] = loop.create_future()

        def settle(error: BaseException | None) -> None:
            if outcome.done():
                return
            if error:
                outcome.set_exception(error)
            else:
                outcome.set_result(None)

        def committed(error: BaseException | None) -> None:
            loop.call_soon_threadsafe(settle, error)

        self._inbox.accept(len(decoded.rows), encode_rows(decoded.rows), committed)
        await outcome

    async def _find_source(self, key: str | None) -> str | None:
        if not key:
            return None
        if not self._keys.is_fresh():
            await asyncio.get_running_loop().run_in_executor(None, self._load_keys)
        return self._keys.find_source(key)

    def _load_keys(self) -> None:
        from django.db import connection

        try:
            self._keys.load()
        finally:
            connection.close()


def _bad_write_key() -> TenureError:
    error = TenureError(
        "bad_write_key",
        "Give an active write key as the user name of Basic authentication. `tenure key create` makes one.",
    )
    error.status = 401
    return error


async def _read_body(receive: Receive, headers: dict[bytes, bytes], limit: int, what: str) -> bytes:
    parts, size = [], 0
    is_zipped = headers.get(b"content-encoding", b"").lower() == b"gzip"
    unzip = zlib.decompressobj(wbits=31) if is_zipped else None
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TenureError("disconnected", "The connection was closed before the body was complete.")
        part = message.get("body", b"")
        if unzip:
            try:
                part = unzip.decompress(part, limit + 1 - size)
            except zlib.error as error:
                raise TenureError("bad_gzip", f"The body is not valid gzip: {error}.") from error
        size += len(part)
        if size > limit:
            raise too_large(size, limit, what)
        parts.append(part)
        if not message.get("more_body"):
            if unzip and not unzip.eof:
                raise TenureError("bad_gzip", "The gzip body is cut off.")
            return b"".join(parts)


def _basic_user(headers: dict[bytes, bytes]) -> str | None:
    kind, _, value = headers.get(b"authorization", b"").partition(b" ")
    if kind.lower() != b"basic":
        return None
    try:
        return base64.b64decode(value).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None


async def _respond(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": body})
