"""Full evaluation of many segments against each alone, and live counts.

    python -m bench.segments --customers 1000000 --events 20000000

In one run on one lake: all segments at once; each alone, its conditions pushed down (their sum, and the dearest); a live
count of twenty of them, first evaluation included. Targets: at once at most 12 times the dearest alone and at least 3
times faster than all alone; live count p95 under a second.
"""

import argparse
import os
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
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        home = Path(folder) / "data"
        os.environ["TENURE_HOME"] = str(home)
        big_lake.build(home, given.customers, given.events)
        from tenure.config import process

        with process.opened():
            measure(given.segments)


def measure(count: int) -> None:
    from tenure.base import clock
    from tenure.lake import api as lakes
    from tenure.segments import api as segments

    lake = lakes.current()
    while lake.columns is not None and lake.columns.count_behind():
        lake.columns.advance()
    definitions = build_definitions(count)
    for number, rule in enumerate(definitions):
        segments.save_segment(segments.parse_segment({"name": f"bench-{number}", "rule": rule}), "bench")
    with clock.virtual(NOW):
        together, rebuilt = time_of(segments.rebuild_segments)
        alone = [time_of(lambda name=f"bench-{n}": count_one(name))[0] for n in range(count)]
    dearest, live = max(alone), sorted(alone[:20])
    rows = [
        ("all at once, written too", f"{together:.1f} s", ""),
        ("each alone, one after the other", f"{sum(alone):.1f} s", ""),
        ("each alone : all at once", f"{sum(alone) / together:.1f}", "at least 3"),
        ("all at once : the dearest alone", f"{together / dearest:.1f}", "at most 12"),
        ("live count of twenty, median", f"{statistics.median(live):.2f} s", ""),
        ("live count of twenty, p95", f"{live[int(len(live) * 0.95) - 1]:.2f} s", "under 1 s"),
    ]
    document = {"together_seconds": together, "alone_seconds": alone, "changed_count": rebuilt.changed_count}
    report("segments", rows, document)


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
