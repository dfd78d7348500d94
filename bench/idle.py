"""Memory and processor of a live process with nothing to do: a while after its start, and after a refresh.

    python -m bench.idle --customers 1000000 --events 20000000 --wait 60

Targets: under 400 MB and under 1 % of a core, each 60 s after.
"""

import argparse
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from bench import big_lake
from bench.report import report
from bench.running_server import RunningServer, running_server

WINDOW_SECONDS = 30.0


def measure(server: RunningServer, window: float) -> tuple[float, float]:
    """Resident MB, and the share of one core used over `window` seconds."""
    began, used = time.perf_counter(), server.read_cpu_seconds()
    time.sleep(window)
    share = (server.read_cpu_seconds() - used) / (time.perf_counter() - began)
    return server.read_memory_mb(), share


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--wait", type=float, default=60.0)
    parser.add_argument("--window", type=float, default=WINDOW_SECONDS)
    parser.add_argument("--home", type=Path, help="a data folder that is filled already")
    given = parser.parse_args()
    folder = (
        nullcontext(str(given.home)) if given.home else tempfile.TemporaryDirectory(prefix="tenure-bench-")
    )
    with folder as name:
        if not given.home:
            big_lake.build(Path(name), given.customers, given.events)
        with running_server(Path(name)) as server:
            time.sleep(given.wait)
            started_mb, started_share = measure(server, given.window)
            server.run("refresh")
            time.sleep(given.wait)
            refreshed_mb, refreshed_share = measure(server, given.window)
    after = f"{given.wait:.0f} s after"
    report(
        "idle",
        [
            (f"memory {after} start", f"{started_mb:,.0f} MB", "under 400 MB"),
            (f"processor {after} start", f"{started_share:.2%}", "under 1 % of a core"),
            (f"memory {after} a refresh", f"{refreshed_mb:,.0f} MB", "under 400 MB"),
            (f"processor {after} a refresh", f"{refreshed_share:.2%}", "under 1 % of a core"),
        ],
        {
            "start": {"memory_mb": started_mb, "core_share": started_share},
            "refresh": {"memory_mb": refreshed_mb, "core_share": refreshed_share},
        },
    )


if __name__ == "__main__":
    main()
