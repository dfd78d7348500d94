"""From an event's 200 to the open page: what a browser on the single customer view waits for.

    python -m bench.live --rate 500 --seconds 30

The page is read as a browser reads it: an open stream of server-sent events, and with each one a request for what is
new. Meanwhile `rate` events a second come in for other customers. Target: p99 under 500 ms.
"""

import argparse
import asyncio
import json
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from bench.report import report
from bench.running_server import Caller, RunningServer, compute_percentile, running_server

WATCHED = "watched-customer"
PROBE_EVERY_SECONDS = 0.1
LOAD_TICK_SECONDS = 0.02
SETTLE_SECONDS = 5.0


class Page:
    """An open single customer view."""

    def __init__(self, server: RunningServer, cookie: str, customer: int) -> None:
        self._server, self._customer = server, customer
        self._headers = f"Cookie: {cookie}\r\nHX-Request: true\r\n"
        self.seen_at: dict[str, float] = {}

    async def watch(self, waiting: dict[str, float], after: int) -> None:
        """Follow the stream until cancelled; notes when each waiting probe's name shows up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        writer.write(
            f"GET /live/customers/{self._customer} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._headers}\r\n".encode()
        )
        caller = await Caller(self._server).open()
        while line := await reader.readline():
            if not line.startswith(b"data: "):
                continue
            path = f"/customers/{self._customer}/timeline/?after={after}"
            status, body = await caller.get(path, self._headers)
            if status != 200:
                raise SystemExit(f"the timeline answered {status}")
            after = int(line[6:])
            now, text = time.perf_counter(), body.decode()
            for name in [name for name in waiting if f"{name}<" in text or f"{name} " in text]:
                self.seen_at[name] = now
                del waiting[name]


async def load(server: RunningServer, rate: int, until: float) -> int:
    """`rate` events a second for other customers, in small calls as sites send them. Gives how many."""
    caller, sent = await Caller(server).open(), 0
    began = time.perf_counter()
    while (now := time.perf_counter()) < until:
        due = int((now - began) * rate) - sent
        if due > 0:
            calls = [
                {
                    "type": "track",
                    "event": "Product Viewed",
                    "userId": f"u{(sent + n) % 5000}",
                    "messageId": f"load-{sent + n}",
                }
                for n in range(due)
            ]
            await caller.post("/v1/batch", json.dumps({"batch": calls}).encode())
            sent += due
        await asyncio.sleep(LOAD_TICK_SECONDS)
    caller.close()
    return sent


async def probe(
    server: RunningServer, waiting: dict[str, float], answered_at: dict[str, float], until: float
) -> None:
    caller, number = await Caller(server).open(), 0
    while time.perf_counter() < until:
        number += 1
        name = f"Probe{number:05d}"
        waiting[name] = 0.0
        await caller.post(
            "/v1/track", json.dumps({"event": name, "userId": WATCHED, "messageId": name}).encode()
        )
        answered_at[name] = time.perf_counter()
        await asyncio.sleep(PROBE_EVERY_SECONDS)
    caller.close()


async def measure(server: RunningServer, rate: int, seconds: float) -> tuple[list[float], int, int]:
    """Milliseconds from 200 to seen for each probe, how many were never seen, how many events were the load."""
    caller = await Caller(server).open()
    await caller.post("/v1/identify", json.dumps({"userId": WATCHED, "traits": {"name": "Watched"}}).encode())
    caller.close()
    customer = await asyncio.to_thread(find_customer, server)
    page = Page(server, await asyncio.to_thread(server.sign_in), customer)
    waiting: dict[str, float] = {}
    answered_at: dict[str, float] = {}
    watcher = asyncio.create_task(page.watch(waiting, 0))
    await asyncio.sleep(1.0)
    until = time.perf_counter() + seconds
    sent, _ = await asyncio.gather(load(server, rate, until), probe(server, waiting, answered_at, until))
    deadline = time.perf_counter() + SETTLE_SECONDS
    while waiting and time.perf_counter() < deadline and not watcher.done():
        await asyncio.sleep(0.05)
    if watcher.done():
        watcher.result()
    watcher.cancel()
    took = [max(0.0, seen - answered_at[name]) * 1000 for name, seen in page.seen_at.items()]
    return took, len(waiting), sent


def find_customer(server: RunningServer) -> int:
    """The number in the address of the watched customer's page, by the search of the list of customers."""
    import re
    import urllib.request

    address = f"http://127.0.0.1:{server.port}/customers/?q={WATCHED}"
    for _ in range(50):
        request = urllib.request.Request(address, headers={"Cookie": server.sign_in()})
        with urllib.request.urlopen(request) as page:
            found = re.search(r'href="/customers/(\d+)/', page.read().decode())
        if found:
            return int(found[1])
        time.sleep(0.2)
    raise SystemExit("the watched customer does not show up in the list")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--home", type=Path, help="a data folder to run on, for example of bench.big_lake")
    given = parser.parse_args()
    folder = (
        nullcontext(str(given.home)) if given.home else tempfile.TemporaryDirectory(prefix="tenure-bench-")
    )
    with folder as name, running_server(Path(name)) as server:
        took, lost, sent = asyncio.run(measure(server, given.rate, given.seconds))
    if not took:
        raise SystemExit("no probe was ever seen on the page")
    p50, p99 = compute_percentile(took, 0.5), compute_percentile(took, 0.99)
    rate = sent / given.seconds
    report(
        "live",
        [
            (f"event's 200 to seen on the page, p50, at {rate:,.0f} events/s", f"{p50:,.0f} ms", ""),
            (f"event's 200 to seen on the page, p99, {len(took):,} probes", f"{p99:,.0f} ms", "under 500 ms"),
            ("probes never seen", f"{lost:,}", "0"),
        ],
        {"rate": rate, "probes": len(took), "lost": lost, "p50_ms": p50, "p99_ms": p99, "max_ms": max(took)},
    )


if __name__ == "__main__":
    main()
