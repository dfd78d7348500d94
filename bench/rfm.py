"""RFM with segments against the same arithmetic in bare DuckDB SQL, and against a pandas script.

    python bench/rfm.py --customers 1000000 --events 20000000

Three orders a customer, one in twenty refunded; the other events are page views that no RFM should touch. Every
run is fresh (no stored cut-points). Prints seconds and ratios; targets: at most 1.5 x bare SQL, at least 10 x
faster than pandas.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
os.environ.setdefault("TENURE_HOME", tempfile.mkdtemp(prefix="tenure-bench-"))

import django
import pandas as pd

django.setup()

from tenure.base import clock  # noqa: E402
from tenure.customers import api as customers_api  # noqa: E402
from tenure.lake import api as lakes  # noqa: E402
from tenure.segments import api as segments  # noqa: E402

AS_OF = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)

BARE_SQL = """
WITH orders AS (
    SELECT customer_id, order_id, min(occurred_at) FILTER (kind = 'completed') AS ordered_at,
        arg_max(amount, occurred_at) FILTER (kind = 'completed') AS amount,
        count(*) FILTER (kind = 'refunded') > 0 AS is_refunded
    FROM order_events WHERE customer_id IS NOT NULL GROUP BY ALL
), totals AS (
    SELECT customer_id, count(*) FILTER (NOT is_refunded) AS n,
        max(ordered_at) FILTER (NOT is_refunded) AS last_at,
        coalesce(sum(amount) FILTER (NOT is_refunded), 0) AS revenue
    FROM orders GROUP BY 1
), rhythm AS (
    SELECT greatest(14, quantile_cont(gap, 0.75)) AS g FROM (
        SELECT date_diff('day', lag(ordered_at::DATE) OVER (PARTITION BY customer_id ORDER BY ordered_at::DATE),
            ordered_at::DATE) AS gap FROM orders WHERE NOT is_refunded) WHERE gap > 0
), measured AS (
    SELECT c.customer_id, c.contact_known_at IS NOT NULL AS has_contact, coalesce(t.n, 0) AS n,
        date_diff('day', t.last_at::DATE, DATE '2026-06-15') AS days, coalesce(t.revenue, 0) AS revenue
    FROM customers AS c LEFT JOIN totals AS t USING (customer_id)
), ranked AS (
    SELECT *, rank() OVER (PARTITION BY n > 0 ORDER BY revenue) - 1 AS poorer,
        rank() OVER (PARTITION BY n > 1 ORDER BY n) - 1 AS rarer
    FROM measured
), sizes AS (
    SELECT count(*) FILTER (n > 0) AS buyers, count(*) FILTER (n > 1) AS repeat_buyers FROM measured
), scored AS (
    SELECT *, CASE WHEN n = 0 THEN NULL WHEN days <= g / 2 THEN 5 WHEN days <= g THEN 4 WHEN days <= 2 * g THEN 3
            WHEN days <= 4 * g THEN 2 ELSE 1 END AS r,
        CASE WHEN n = 0 THEN NULL WHEN n = 1 THEN 1 ELSE least(5, 2 + 4 * rarer // repeat_buyers) END AS f,
        CASE WHEN n = 0 THEN NULL ELSE least(5, 1 + 5 * poorer // buyers) END AS m
    FROM ranked, rhythm, sizes
)
SELECT CASE WHEN n = 0 AND NOT has_contact THEN 'Engaged Visitors' WHEN n = 0 THEN 'Loyal Visitors'
    WHEN r >= 4 AND f = 5 AND m = 5 AND n >= 4 THEN 'Champions'
    WHEN r = 1 AND (m = 5 OR m >= 3 AND n >= 3) THEN 'Cannot-lose Customers'
    WHEN r = 2 AND (m = 5 OR m >= 3 AND n >= 3) THEN 'At Risk Customers'
    WHEN r <= 2 THEN 'Falling Asleep Customers' WHEN f >= 4 AND n >= 4 THEN 'Loyal Customers'
    WHEN n = 1 THEN 'First-time Customers' WHEN r >= 4 AND n = 2 THEN 'Recent Customers'
    WHEN m >= 3 AND n >= 3 THEN 'Potential Loyalists' ELSE 'Promising Customers' END AS segment,
    count(*) AS customers, sum(revenue) AS revenue
FROM scored GROUP BY 1
"""


def build_shop(lake: lakes.Lake, customers: int, events: int) -> None:
    """Orders over two years, each also an event; the rest of the events are page views."""
    orders = 3 * customers
    rest = max(0, events - orders)

    def work(tx: lakes.Transaction) -> None:
        tx.execute(
            f"INSERT INTO order_events SELECT i, hash(i) % {customers} + 1, 'o' || i, 'completed', "
            "TIMESTAMP '2024-06-01' + to_seconds((hash(i * 17) % (740 * 86400))::INT), "
            f"((hash(i * 7) % 20000) / 100 + 1)::DECIMAL(18, 4), 'EUR' FROM range({orders}) AS t(i)"
        )
        tx.execute(
            f"INSERT INTO order_events SELECT {orders} + seq, customer_id, order_id, 'refunded', "
            "least(occurred_at + INTERVAL 9 DAY, TIMESTAMP '2026-06-15'), NULL, 'EUR' "
            "FROM order_events WHERE seq % 20 = 0"
        )
        tx.execute(
            "INSERT INTO events BY NAME SELECT seq, customer_id, order_id AS message_id, 'track' AS type, "
            "'Order Completed' AS event, occurred_at, occurred_at AS received_at, "
            """'{"order_id": "' || order_id || '", "total": ' || amount || '}' AS properties, 'bench' AS source """
            "FROM order_events WHERE kind = 'completed'"
        )
        tx.execute(
            f"INSERT INTO events BY NAME SELECT {2 * orders} + i AS seq, hash(i) % {customers} + 1 AS customer_id, "
            "'m' || i AS message_id, 'page' AS type, TIMESTAMP '2024-06-01' + to_seconds((i % 60000000)::INT) "
            "AS occurred_at, occurred_at AS received_at, '{}' AS properties, 'bench' AS source "
            f"FROM range({rest}) AS t(i)"
        )
        totals = lakes.compile_sql(customers_api.build_order_totals(customers_api.build_orders()))
        tx.execute(
            "INSERT INTO customers_main BY NAME SELECT i + 1 AS customer_id, 'u' || i AS external_id, "
            "TIMESTAMP '2024-06-01' AS first_seen_at, false AS is_removed, t.order_count, t.revenue, "
            f"t.first_order_at, t.last_order_at FROM range({customers}) AS x(i) "
            f"LEFT JOIN ({totals}) AS t ON t.customer_id = i + 1"
        )

    lake.write(work)


def run_tenure() -> dict[str, int]:
    result = segments.compute_rfm("lifecycle", AS_OF)
    return {row.segment: row.customers_count for row in result.segments if row.customers_count}


def run_bare(lake: lakes.Lake) -> dict[str, int]:
    with lake.heavy():
        return {row[0]: row[1] for row in lake.connection().execute(BARE_SQL).fetchall()}


def run_pandas(events: pd.DataFrame, people: pd.DataFrame) -> dict[str, int]:
    """The script a user would write: group, rank, and a function per row."""
    done = events[events.kind == "completed"].set_index("order_id")
    refunded = set(events[events.kind == "refunded"].order_id)
    paid = done[~done.index.isin(refunded)]
    today = pd.Timestamp(AS_OF)
    paid = paid.assign(day=paid.occurred_at.dt.normalize())
    table = paid.groupby("customer_id").agg(
        n=("amount", "size"), last=("day", "max"), revenue=("amount", "sum")
    )
    days = paid[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"])
    gap = max(14.0, days.groupby("customer_id").day.diff().dropna().dt.days.quantile(0.75))
    age = (today - table["last"]).dt.days
    table["r"] = pd.cut(age, [-1, gap / 2, gap, 2 * gap, 4 * gap, 10**9], labels=[5, 4, 3, 2, 1]).astype(int)
    repeat = table[table.n > 1].n
    table["f"] = 1
    table.loc[repeat.index, "f"] = (
        (2 + 4 * (repeat.rank(method="min") - 1) // len(repeat)).clip(upper=5).astype(int)
    )
    table["m"] = (
        (1 + 5 * (table.revenue.round(4).rank(method="min") - 1) // len(table)).clip(upper=5).astype(int)
    )

    def name(row: Any) -> str:
        dear = row.m == 5 or (row.m >= 3 and row.n >= 3)
        if row.n == 0:
            return "Engaged Visitors"
        if row.r >= 4 and row.f == 5 and row.m == 5 and row.n >= 4:
            return "Champions"
        if row.r == 1 and dear:
            return "Cannot-lose Customers"
        if row.r == 2 and dear:
            return "At Risk Customers"
        if row.r <= 2:
            return "Falling Asleep Customers"
        if row.f >= 4 and row.n >= 4:
            return "Loyal Customers"
        if row.n == 1:
            return "First-time Customers"
        if row.r >= 4 and row.n == 2:
            return "Recent Customers"
        return "Potential Loyalists" if row.m >= 3 and row.n >= 3 else "Promising Customers"

    joined = people.join(table, on="customer_id").fillna({"n": 0})
    counts: dict[str, int] = joined.apply(name, axis=1).value_counts().to_dict()
    return counts


@dataclass(frozen=True)
class Taken:
    """Medians over the rounds. Other work on the machine disturbs the processor's seconds least."""

    wall_seconds: float
    processor_seconds: float

    def __str__(self) -> str:
        return f"{self.wall_seconds:.2f} s ({self.processor_seconds:.2f} s of processor)"

    def compare(self, other: "Taken") -> str:
        wall = self.wall_seconds / other.wall_seconds
        return f"{wall:.2f} x ({self.processor_seconds / other.processor_seconds:.2f} x of processor)"


def measure(work: Callable[[], dict[str, int]], rounds: int) -> tuple[dict[str, int], Taken]:
    wall, processor = [], []
    for _ in range(rounds):
        start, processor_start = time.perf_counter(), time.process_time()
        found = work()
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - processor_start)
    return found, Taken(statistics.median(wall), statistics.median(processor))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-pandas", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        lakes.opened(lakes.open_file(Path(folder) / "lake.duckdb")) as lake,
    ):
        with lake.heavy():
            build_shop(lake, options.customers, options.events)
        with clock.virtual(NOON):
            mine, tenure_taken = measure(run_tenure, options.rounds)
        bare, bare_taken = measure(lambda: run_bare(lake), options.rounds)
        if mine != bare:
            raise SystemExit(f"The two do not agree: {mine} and {bare}")
        print(f"Tenure {tenure_taken}, bare SQL {bare_taken}: {tenure_taken.compare(bare_taken)}")
        if options.skip_pandas:
            return
        events = (
            lake.connection().execute("SELECT * REPLACE (amount::DOUBLE AS amount) FROM order_events").df()
        )
        people = lake.connection().execute("SELECT customer_id FROM customers").df()
        theirs, pandas_taken = measure(lambda: run_pandas(events, people), 1)
        print(f"pandas {pandas_taken}: {pandas_taken.compare(tenure_taken)} as long as Tenure")
        differing = sum(abs(theirs.get(name, 0) - count) for name, count in mine.items())
        print(f"customers that pandas puts elsewhere (its sums are floats): {differing}")


if __name__ == "__main__":
    main()
