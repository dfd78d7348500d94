"""Events over HTTP: batches of 100 and single calls, durable before the answer, with the pump keeping up.

    python -m bench.ingest --events 1000000 --singles 20000

A bounded load generator on the same machine: a fixed number of connections, one call at a time on each. The bodies
are made beforehand. Targets on 2 cores: 20,000 events/s in batches of 100 with the pump done within a few seconds
after the last answer, and 2,000 single calls/s.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.report import report
from bench.running_server import Caller, RunningServer, compute_percentile, running_server

BATCH_EVENTS = 100
PREPARED = 2_000
CUSTOMERS = 50_000
DRAIN_SECONDS = 600
STEADY_EVENTS_PER_SECOND = 22_000


def build_event(number: int, run: str) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": f"u{number * 7919 % CUSTOMERS}",
        "messageId": f"{run}-{number}",
        "properties": {
            "product_id": f"p{number % 500}",
            "name": "Espresso cups",
            "price": 12.5,
            "currency": "EUR",
        },
    }


def build_batches(start: int, count: int, run: str) -> list[bytes]:
    return [
        json.dumps({"batch": [build_event(n, run) for n in range(at, at + BATCH_EVENTS)]}).encode()
        for at in range(start, start + count * BATCH_EVENTS, BATCH_EVENTS)
    ]


async def call_all(
    server: RunningServer, path: str, bodies: Iterator[bytes], connections: int, calls_per_second: float = 0
) -> list[float]:
    """Post every body, at most at the given rate; gives the seconds that each call took."""
    seconds: list[float] = []
    started = time.perf_counter()
    posted = 0

    async def work(caller: Caller) -> None:
        nonlocal posted
        for body in bodies:
            posted += 1
            if calls_per_second:
                await asyncio.sleep(max(0.0, started + posted / calls_per_second - time.perf_counter()))
            began = time.perf_counter()
            await caller.post(path, body)
            seconds.append(time.perf_counter() - began)

    callers = [await Caller(server).open() for _ in range(connections)]
    await asyncio.gather(*(work(caller) for caller in callers))
    for caller in callers:
        caller.close()
    return seconds


def measure_batches(
    server: RunningServer, events: int, connections: int, run: str, events_per_second: float = 0
) -> dict[str, float]:
    """At a steady rate, or as fast as the server takes them; bodies are made in pauses that do not count."""
    spent, calls, slowest = 0.0, events // BATCH_EVENTS, []
    for start in range(0, calls, PREPARED):
        bodies = build_batches(start * BATCH_EVENTS, min(PREPARED, calls - start), run)
        began = time.perf_counter()
        rate = events_per_second / BATCH_EVENTS
        slowest += asyncio.run(call_all(server, "/v1/batch", iter(bodies), connections, rate))
        spent += time.perf_counter() - began
    return {
        "events_per_second": calls * BATCH_EVENTS / spent,
        "p99_ms": compute_percentile(slowest, 0.99) * 1000,
    }


def measure_singles(server: RunningServer, calls: int, connections: int) -> dict[str, float]:
    bodies = [json.dumps(build_event(n, "single")).encode() for n in range(calls)]
    began = time.perf_counter()
    seconds = asyncio.run(call_all(server, "/v1/track", iter(bodies), connections))
    spent = time.perf_counter() - began
    return {"events_per_second": calls / spent, "p99_ms": compute_percentile(seconds, 0.99) * 1000}


def wait_until_folded(server: RunningServer, expected: int) -> float:
    """Seconds until the lake has everything. Ends the bench when events are missing or doubled."""
    began = time.perf_counter()
    while time.perf_counter() - began < DRAIN_SECONDS:
        found = server.run("doctor")
        if found["inbox"] == 0:
            if found["events"] != expected:
                raise SystemExit(f"{found['events']} events in the lake, {expected} were acknowledged")
            return time.perf_counter() - began
        time.sleep(0.5)
    raise SystemExit(f"the pump did not finish within {DRAIN_SECONDS} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--singles", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=16)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder,
        running_server(Path(folder)) as server,
    ):
        sent = given.events // BATCH_EVENTS * BATCH_EVENTS
        steady = measure_batches(server, given.events, given.connections, "steady", STEADY_EVENTS_PER_SECOND)
        steady_lag = wait_until_folded(server, sent)
        batches = measure_batches(server, given.events, given.connections, "fast")
        lag = wait_until_folded(server, 2 * sent)
        singles = measure_singles(server, given.singles, given.connections * 4)
        lag_singles = wait_until_folded(server, 2 * sent + given.singles)
    report(
        "ingest",
        [
            (
                "events/s at a steady 22,000/s offered, batches of 100",
                f"{steady['events_per_second']:,.0f}",
                "at least 20,000",
            ),
            ("  answer p99", f"{steady['p99_ms']:,.0f} ms", ""),
            ("  pump done after the last answer", f"{steady_lag:,.1f} s", "keeps up"),
            (
                "events/s as fast as they are taken, batches of 100",
                f"{batches['events_per_second']:,.0f}",
                "at least 20,000",
            ),
            ("  answer p99", f"{batches['p99_ms']:,.0f} ms", ""),
            ("  pump done after the last answer", f"{lag:,.1f} s", ""),
            ("single calls/s", f"{singles['events_per_second']:,.0f}", "at least 2,000"),
            ("  answer p99", f"{singles['p99_ms']:,.0f} ms", ""),
            ("  pump done after the last answer", f"{lag_singles:,.1f} s", "keeps up"),
        ],
        {
            "events": sent,
            "steady": steady,
            "steady_lag_seconds": steady_lag,
            "batches": batches,
            "pump_lag_seconds": lag,
            "singles": singles,
            "pump_lag_singles_seconds": lag_singles,
        },
    )


if __name__ == "__main__":
    main()
