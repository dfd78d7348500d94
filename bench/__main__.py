"""`make bench`: every bench one after the other, each in a process of its own.

python -m bench [--scale 0.1] [--only rfm ingest]
"""

import argparse
import subprocess
import sys


def list_benches(scale: float) -> dict[str, list[str]]:
    """The benches and their sizes; at scale 1: a million customers and 20 million events."""

    def of(count: int) -> str:
        return str(max(1_000, int(count * scale)))

    wait = str(max(5, round(60 * min(1.0, scale))))
    return {
        "rfm": ["--customers", of(1_000_000), "--events", of(20_000_000)],
        "import": ["--rows", of(1_000_000), "--lake"],
        "ingest": ["--events", of(1_000_000), "--singles", of(20_000)],
        "live": ["--rate", "500", "--seconds", str(max(5, round(30 * min(1.0, scale))))],
        "segments": ["--customers", of(1_000_000), "--events", of(20_000_000)],
        "idle": ["--customers", of(1_000_000), "--events", of(20_000_000), "--wait", wait],
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full size, for a quick look")
    parser.add_argument("--only", nargs="+", help="only these")
    given = parser.parse_args()
    benches = list_benches(given.scale)
    if unknown := set(given.only or []) - set(benches):
        parser.error(f"there is no bench {min(unknown)}; there are {', '.join(benches)}")
    failed = []
    for name in given.only or benches:
        print(f"\n== {name} {' '.join(benches[name])}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}", *benches[name]], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
