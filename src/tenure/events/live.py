"""Tells open pages at once that a customer's timeline has moved. Says only that; the page asks for the rest."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from tenure.events.appending import AppendResult

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_KEEP_ALIVE_SECONDS = 20.0
_MOST_PAGES = 2_000


class LiveHub:
    """Open pages by customer. `tell` may be called from any thread and costs nothing when no page is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[int, set[asyncio.Queue[int]]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None

    def tell(self, result: AppendResult) -> None:
        """The batch is in the lake: wake the pages of its customers (all pages, after a bulk load)."""
        if not self._pages or self._loop is None:
            return
        with self._lock:
            ids = result.customer_ids or tuple(self._pages)
            queues = [page for customer_id in ids for page in self._pages.get(customer_id, ())]
        for page in queues:
            self._loop.call_soon_threadsafe(_put, page, result.last_seq)

    async def serve(self, customer_id: int, receive: Receive, send: Send) -> None:
        """A stream of server-sent events named `timeline`, until the page goes away."""
        page: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
        self._loop = asyncio.get_running_loop()
        with self._lock:
            if sum(map(len, self._pages.values())) >= _MOST_PAGES:
                await send({"type": "http.response.start", "status": 503, "headers": []})
                await send({"type": "http.response.body", "body": b"Too many open pages."})
                return
            self._pages[customer_id].add(page)
        gone = asyncio.create_task(_wait_until_gone(receive))
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")],
                }
            )
            await _write(send, b"retry: 1000\n: open\n\n")
            while not gone.done():
                moved = asyncio.create_task(page.get())
                await asyncio.wait(
                    {moved, gone}, timeout=_KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                if moved.done():
                    await _write(send, b"event: timeline\ndata: %d\n\n" % moved.result())
                else:
                    moved.cancel()
                    if not gone.done():
                        await _write(send, b": still here\n\n")
        finally:
            gone.cancel()
            with self._lock:
                self._pages[customer_id].discard(page)
                if not self._pages[customer_id]:
                    del self._pages[customer_id]


def _put(page: "asyncio.Queue[int]", seq: int) -> None:
    if not page.full():
        page.put_nowait(seq)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
