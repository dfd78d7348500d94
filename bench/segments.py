"""Full evaluation of many segments against each alone, and live counts.

    python -m bench.segments --customers 1000000 --events 20000000

In one run on one lake: all segments at once; each alone, its conditions pushed down (their sum, and the dearest); a live
count of twenty of them, first evaluation included. Targets: at once at most 12 times the dearest alone and at least 3
times faster than all alone; live count p95 under a second.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import big_lake
from bench.report import report
from bench.segment_definitions import build_definitions

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--segments", type=int, default=100)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument(
        "--home", type=Path, help="keep the lake in this folder, and use the one that is there"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        home = given.home or Path(folder) / "data"
        os.environ["TENURE_HOME"] = str(home)
        if not home.exists():
            big_lake.build(home, given.customers, given.events)
        from tenure.config import process

        with process.opened():
            measure(given.segments)
        from bench.live_segments import measure_live

        with process.opened(background=True):
            measure_live(given.rate, given.seconds, given.customers)


def measure(count: int) -> None:
    from tenure.base import clock
    from tenure.lake import api as lakes
    from tenure.segments import api as segments

    lake = lakes.current()
    for derived in (lake.columns, lake.history):
        while derived is not None and derived.count_behind():
            derived.advance()
    for number, rule in enumerate(build_definitions(count)):
        segments.save_segment(segments.parse_segment({"name": f"bench-{number}", "rule": rule}), "bench")
    with clock.virtual(NOW):
        first, rebuilt = time_of(segments.rebuild_segments)
        together, _ = time_of(segments.rebuild_segments)
        alone = [time_of(lambda name=f"bench-{n}": count_one(name))[0] for n in range(count)]
    segments.rebuild_segments()
    dearest, live = max(alone), sorted(alone[:20])
    rows = [
        ("all at once, nothing changed since", f"{together:.1f} s", ""),
        (f"the first time, {rebuilt.entered_count:,} entries logged", f"{first:.1f} s", ""),
        ("each alone, one after the other", f"{sum(alone):.1f} s", ""),
        ("each alone : all at once", f"{sum(alone) / together:.1f}", "at least 3"),
        ("all at once : the dearest alone", f"{together / dearest:.1f}", "at most 12"),
        ("live count of twenty, median", f"{statistics.median(live):.2f} s", ""),
        ("live count of twenty, p95", f"{live[int(len(live) * 0.95) - 1]:.2f} s", "under 1 s"),
        ("storage per membership change", f"{compute_change_bytes(lake):.1f} bytes", ""),
        (
            "memory, highest so far",
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB",
            "under 4 GB",
        ),
    ]
    document = {"together_seconds": together, "first_seconds": first, "alone_seconds": alone}
    report("segments", rows, document)


def compute_change_bytes(lake) -> float:  # type: ignore[no-untyped-def]
    with lake.reading() as reader:
        reader.execute("CHECKPOINT")
        row = reader.execute(
            "SELECT (SELECT count(DISTINCT block_id) * 262144 FROM pragma_storage_info('membership_changes') "
            "WHERE persistent) / (SELECT count(*) FROM membership_changes)"
        ).fetchone()
    return float(row[0])


def count_one(name: str) -> int:
    from tenure.segments import api as segments

    around = segments.look_around()
    return segments.count_node(segments.get_segment(name).segment.node, around).count


def time_of(work):  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main()
