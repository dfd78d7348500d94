"""Import of a generated order file: file to batches, and (with --lake) all the way into the lake.

python bench/import.py --rows 1000000            file to batches only
python bench/import.py --rows 1000000 --lake     the real path, in a data folder of its own
"""

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import duckdb

GENERATE = """
COPY (
    SELECT 'O' || (line // 3) AS "Order ID", 'C' || (hash(line // 3) % greatest({rows} // 15, 1)) AS "Customer ID",
        TIMESTAMP '2023-01-01' + to_seconds(line // 3 * 90000000 // {rows}) AS "Order Date",
        'SKU-' || (hash(line) % 500) AS "SKU", 'Product number ' || (hash(line) % 500) AS "Product Name",
        1 + hash(line + 1) % 4 AS "Quantity", round(5 + (hash(line + 2) % 9500) / 100.0, 2) AS "Unit Price",
        ['DE', 'FR', 'US', 'GB'][(1 + hash(line // 3) % 4)::BIGINT] AS "Country"
    FROM range({rows}) AS lines(line)
) TO '{path}' (HEADER, DELIMITER ',')
"""


def generate_orders(rows: int, path: Path) -> None:
    """Three lines an order, five orders a customer, over a thousand days; the same file every time."""
    duckdb.execute(GENERATE.format(rows=rows, path=path))


def measure(rows: int, into_lake: bool, home: Path, file: Path) -> dict[str, object]:
    os.environ["TENURE_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
    import django

    django.setup()
    from tenure.events.imports.running import run_import

    steps: list[tuple[float, str]] = []
    start = time.perf_counter()

    def note(share: float, message: str) -> None:
        steps.append((round(time.perf_counter() - start, 2), message))

    if into_lake:
        from tenure.config import process

        with process.opened():
            start = time.perf_counter()
            result = run_import("orders", file, progress=note)
    else:
        from tenure.events.appending import AppendResult

        result = run_import(
            "orders", file, progress=note, append=lambda batch: AppendResult(batch.num_rows, 0)
        )
    return {
        "rows": rows,
        "into_lake": into_lake,
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time(), 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "events": result.events_built,
        "written": result.events_written,
        "steps": steps,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--lake", action="store_true", help="write into a lake of its own")
    parser.add_argument("--file", type=Path, help="use (or generate once) this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        file = arguments.file or Path(folder) / "orders.csv"
        if not file.exists():
            generate_orders(arguments.rows, file)
        home = Path(folder) / "home"
        home.mkdir()
        print(json.dumps(measure(arguments.rows, arguments.lake, home, file), indent=1))


if __name__ == "__main__":
    main()
