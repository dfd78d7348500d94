"""Engines that answer compiled definitions over a copy of the lake's tables."""

import warnings
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from tenure.lake import api as lakes
from tenure.segments.compiling.moments import put_now
from tenure.segments.compiling.query import Query
from tenure.segments.compiling.reading import Everyone, Reading
from tenure.segments.definitions.counting import list_needs
from tenure.segments.rules.base import Node, Surroundings, build_node

_TABLES = (
    *("events", "order_events", "order_lines", "merges", "customers", "segment_history", "decisions"),
    *("stages_now", "stage_history", "list_members", "suppressed_addresses", "zone_offsets"),
    *("sessions", "open_sessions", "companies", "customer_companies"),
)
Members = list[set[int]]
"""For each rule, the ids of those whom it takes."""


class Engine(Protocol):
    """Speaks one dialect."""

    dialect: lakes.Dialect

    def fill(self, folder: Path) -> None:
        """Take the tables that lie as Parquet files in a folder."""
        ...

    def ask(self, sql: str) -> list[dict[str, Any]]: ...

    def close(self) -> None: ...


class DuckDB:
    """The lake itself."""

    dialect = lakes.DUCKDB

    def fill(self, folder: Path) -> None:
        return None

    def ask(self, sql: str) -> list[dict[str, Any]]:
        with lakes.current().reading() as reader:
            rows: list[dict[str, Any]] = reader.execute(sql).to_arrow_table().to_pylist()
        return rows

    def close(self) -> None:
        return None


class PostgreSQL:
    """A second lake, in a database: the text of the lake, which its engine translates."""

    dialect = lakes.DUCKDB

    def __init__(self, url: str) -> None:
        self._lake = lakes.open_lake(url, Path())

    def fill(self, folder: Path) -> None:
        def work(transaction: lakes.Transaction) -> None:
            for file in sorted(folder.glob("*.parquet")):
                rows, name = pq.read_table(file), file.stem
                if name == "customers":
                    name = "customers_delta"
                    rows = rows.append_column("is_removed", pa.array([False] * rows.num_rows))
                transaction.replace(name, rows)
                transaction.execute(f"ANALYZE {name}")

        self._lake.write(work)

    def ask(self, sql: str) -> list[dict[str, Any]]:
        with self._lake.reading() as reader:
            rows: list[dict[str, Any]] = reader.execute(sql).to_arrow_table().to_pylist()
        return rows

    def close(self) -> None:
        self._lake.close()


class Chdb:
    """ClickHouse's engine, in this process."""

    dialect = lakes.CLICKHOUSE

    def __init__(self) -> None:
        from chdb.session import Session

        self._session = Session()
        for name, value in lakes.CLICKHOUSE_SETTINGS.items():
            self._session.query(f"SET {name} = '{value}'")

    def fill(self, folder: Path) -> None:
        for file in sorted(folder.glob("*.parquet")):
            self._session.query(f"DROP TABLE IF EXISTS {file.stem}")
            self._session.query(
                f"CREATE TABLE {file.stem} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('{file}', Parquet)"
            )

    def ask(self, sql: str) -> list[dict[str, Any]]:
        answer = self._session.query(sql, "Arrow")
        rows: list[dict[str, Any]] = pa.ipc.open_file(answer.bytes()).read_all().to_pylist()
        return rows

    def close(self) -> None:
        self._session.close()


class Spark:
    """Spark in a Java process of its own, on this machine."""

    dialect = lakes.SPARK

    def __init__(self) -> None:
        import ibis

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            from pyspark.sql import SparkSession

            assert ibis.pyspark.name == "pyspark", (
                "this also makes Ibis know the options of its Spark compiler"
            )

        builder = SparkSession.builder.master("local[1]").appName("conformance")
        for name, value in {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.autoBroadcastJoinThreshold": "-1",
        }.items():
            builder = builder.config(name, value)
        self._session = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")

    def fill(self, folder: Path) -> None:
        for file in sorted(folder.glob("*.parquet")):
            self._session.read.parquet(str(file)).createOrReplaceTempView(file.stem)

    def ask(self, sql: str) -> list[dict[str, Any]]:
        return [row.asDict() for row in self._session.sql(sql).collect()]

    def close(self) -> None:
        self._session.stop()


def write_tables(folder: Path) -> None:
    """The lake's tables, as they stand, as Parquet files."""
    lake = lakes.current()
    known = {*lakes.list_tables_with(), "customers"}
    for name in known & set(_TABLES):
        rows = lake.read(lakes.table(name))
        signed = [
            field.with_type(pa.int64()) if pa.types.is_uint64(field.type) else field for field in rows.schema
        ]
        plain = [rows.column(field.name).cast(field.type, safe=False) for field in signed]
        pq.write_table(pa.Table.from_arrays(plain, schema=pa.schema(signed)), folder / f"{name}.parquet")


def find_members(engine: Engine, nodes: list[Node], around: Surroundings, now: datetime) -> Members:
    """Whom each rule takes at `now` (aware), in one statement."""
    return read_members(engine, compile_members(engine.dialect, nodes, around), len(nodes), now)


def compile_members(dialect: lakes.Dialect, nodes: list[Node], around: Surroundings) -> str:
    """A statement with a column for each rule, for any moment."""
    query = Query(Reading(dialect, Everyone(True), around.zone), list_needs(nodes, around))  # type: ignore[arg-type]
    return query.compile(
        lambda facts: {f"s{number}": build_node(node, facts, around) for number, node in enumerate(nodes)}
    )


def read_members(engine: Engine, sql: str, count: int, now: datetime) -> Members:
    rows = engine.ask(put_now(sql, now))
    return [{row["customer_id"] for row in rows if row[f"s{number}"]} for number in range(count)]
