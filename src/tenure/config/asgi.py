"""The application that the server runs: the hot paths on the event loop, the pages in a few threads.

Tracking calls and live streams hold no thread; Django's pages run as WSGI, each in one of a fixed number of
threads, so that ledger connections and lake cursors are kept.
"""

import asyncio
import re
from http.cookies import SimpleCookie
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

from tenure.base.access import find_user_of_session
from tenure.config.services import Services
from tenure.events.api import TrackingApp

PAGE_THREADS = 6
_LIVE = re.compile(r"^/live/customers/(\d+)/?$")


class Application:
    """ASGI: /v1/* to the tracking API, /live/* to the live hub, everything else to Django."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tracking = TrackingApp(services.inbox, services.keys)
        self._pages = WSGIMiddleware(WSGIHandler(), workers=PAGE_THREADS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _answer_lifespan(receive, send)
        elif scope["type"] != "http":
            return
        elif scope["path"].startswith("/v1/"):
            await self._tracking(scope, receive, send)
        elif live := _LIVE.match(scope["path"]):
            await self._serve_live(int(live[1]), scope, receive, send)
        else:
            await self._pages(scope, _as_coroutine(receive), _as_coroutine(send))

    async def _serve_live(self, customer_id: int, scope: Any, receive: Any, send: Any) -> None:
        cookies = SimpleCookie(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1"))
        session = cookies.get(settings.SESSION_COOKIE_NAME)
        is_allowed = session is not None and await asyncio.get_running_loop().run_in_executor(
            None, _is_signed_in, session.value
        )
        if not is_allowed:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"Sign in first."})
            return
        await self._services.hub.serve(customer_id, receive, send)


def _as_coroutine(call: Any) -> Any:
    """The server's callables give awaitables that are no coroutines; the bridge to WSGI wants coroutines."""

    async def called(*arguments: Any) -> Any:
        return await call(*arguments)

    return called


def _is_signed_in(session_key: str) -> bool:
    try:
        return find_user_of_session(session_key) is not None
    finally:
        connection.close()


async def _answer_lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
