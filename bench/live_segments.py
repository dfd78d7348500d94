"""From an event's acceptance until its customer's membership has changed, with many segments active.

Part of `python -m bench.segments`. `rate` events a second of random customers are accepted by the inbox, which is what a 200
means; ten of them a second are of customers who thereby enter a segment. A second round runs beside live counts. The shop
is scored and threads take turns as in `tenure serve`.
"""

import random
import sys
import threading
import time
from typing import Any

from bench.report import report
from bench.segment_definitions import EVENTS

PROBE = {"kind": "event", "event": "Probe", "window": {"days": 1}}
_TICK_SECONDS = 0.02


def measure_live(rate: int, seconds: int, customers: int) -> None:
    from tenure.segments import api as segments

    sys.setswitchinterval(0.001)
    segments.refresh()
    segments.save_segment(segments.parse_segment({"name": "probed", "rule": PROBE}), "bench")
    segments.rebuild_segments()
    alone = _run(rate, seconds, customers, is_counting=False)
    beside = _run(rate, seconds, customers, is_counting=True)
    rows = [
        (f"membership changed after acceptance, {rate}/s, median", f"{_find(alone, 0.5):.0f} ms", ""),
        ("the same, p99", f"{_find(alone, 0.99):.0f} ms", "under 500 ms"),
        ("beside live counts, p99", f"{_find(beside, 0.99):.0f} ms", "under 1,500 ms"),
    ]
    report("segments, live", rows, {"alone_ms": alone, "beside_ms": beside})


def _run(rate: int, seconds: int, customers: int, is_counting: bool) -> list[float]:
    from tenure.segments import api as segments

    probed = segments.get_segment("probed").id
    seen: dict[str, float] = {}
    accepted: dict[str, float] = {}
    stopping = threading.Event()
    workers = [threading.Thread(target=_watch, args=(probed, seen, stopping))]
    if is_counting:
        workers.append(threading.Thread(target=_count, args=(stopping,)))
    for worker in workers:
        worker.start()
    _load(rate, seconds, customers, accepted)
    deadline = time.monotonic() + 20
    while len(seen.keys() & accepted.keys()) < len(accepted) and time.monotonic() < deadline:
        time.sleep(0.05)
    stopping.set()
    for worker in workers:
        worker.join()
    lost = accepted.keys() - seen.keys()
    if lost:
        raise SystemExit(f"{len(lost)} of {len(accepted)} memberships did not change")
    return sorted((seen[name] - at) * 1000 for name, at in accepted.items())


def _load(rate: int, seconds: int, customers: int, accepted: dict[str, float]) -> None:
    from tenure.base import clock
    from tenure.events import api as events

    chance, began, sent = random.Random(3), time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < seconds:
        batch: list[Any] = []
        for _ in range(int(elapsed * rate) - sent):
            sent += 1
            is_probe = sent % (rate // 10) == 0
            user = f"probe-{id(accepted)}-{sent}" if is_probe else f"u{chance.randrange(customers) + 1}"
            name = "Probe" if is_probe else chance.choice(EVENTS)
            batch.append(
                events.NewEvent(
                    "track", name, {"product_id": "p1"}, clock.now(), user_id=user, source="bench"
                )
            )
        events.record_many(batch)
        now = time.perf_counter()
        accepted.update({one.user_id: now for one in batch if one.event == "Probe"})
        time.sleep(_TICK_SECONDS)


def _watch(segment_id: int, seen: dict[str, float], stopping: threading.Event) -> None:
    """Entries into the segment as they are committed, by the customers' own ids."""
    from tenure.base import clock
    from tenure.lake import api as lakes

    lake, version, since = lakes.current(), -1, clock.now().replace(tzinfo=None)
    while not stopping.is_set():
        if lake.version != version:
            version = lake.version
            with lake.reading() as reader:
                rows = reader.execute(
                    "SELECT m.changed_at, c.external_id FROM membership_changes AS m JOIN customers_delta AS c "
                    f"USING (customer_id) WHERE m.segment_id = {segment_id} AND m.is_entry AND m.changed_at >= ?",
                    [since],
                ).fetchall()
            now = time.perf_counter()
            for changed_at, name in rows:
                since = max(since, changed_at)
                seen.setdefault(name, now)
        time.sleep(0.005)


def _count(stopping: threading.Event) -> None:
    from django.db import connection

    from bench.segments import count_one

    number = 0
    while not stopping.is_set():
        count_one(f"bench-{number % 20}")
        number += 1
        stopping.wait(0.5)
    connection.close()


def _find(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
