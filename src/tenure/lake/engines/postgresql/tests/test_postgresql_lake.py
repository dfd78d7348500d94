import time
from collections.abc import Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from tenure.base.errors import ConflictError, UnavailableError
from tenure.config.testing_postgresql import PostgreSQLServer
from tenure.lake import api as lakes
from tenure.lake.engines.postgresql import lake as engine
from tenure.lake.engines.postgresql.lake import hide_password

END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'DATABASE' AND pid <> pg_backend_pid()"


@pytest.fixture
def url(postgresql: PostgreSQLServer) -> Iterator[str]:
    with postgresql.database() as url:
        yield url


def put(lake: lakes.Lake, name: str, value: int) -> None:
    rows = pa.table({"name": [name], "value": pa.array([value], pa.int64())})
    lake.write(lambda tx: tx.append("checkpoints", rows))


def test_what_was_written_is_there_after_closing(url: str) -> None:
    with lakes.opened(lakes.open_lake(url, Path())) as lake:
        put(lake, "a", 1)
        assert lake.describe().startswith("PostgreSQL ")
    with lakes.opened(lakes.open_lake(url, Path())) as lake:
        assert lake.read_rows(lakes.table("checkpoints")) == [{"name": "a", "value": 1}]


def test_one_tenure_at_a_time_writes(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_LOCK_SECONDS", 0.1)
    with (
        lakes.opened(lakes.open_lake(url, Path())),
        pytest.raises(UnavailableError, match="Another Tenure writes"),
    ):
        lakes.open_lake(url, Path())


def test_a_lost_connection_fails_one_write_and_the_next_goes_on(
    url: str, postgresql: PostgreSQLServer
) -> None:
    with lakes.opened(lakes.open_lake(url, Path())) as lake:
        put(lake, "a", 1)
        assert lake.read_value(lakes.table("checkpoints").count().as_table()) == 1
        database = url.partition("@/")[2].partition("?")[0]
        postgresql.run(END_OTHERS.replace("DATABASE", database))
        time.sleep(0.05)
        with pytest.raises(Exception) as failed:
            put(lake, "b", 2)
        assert lakes.is_outside_trouble(failed.value)
        put(lake, "b", 2)
        assert lake.read_value(lakes.table("checkpoints").count().as_table()) == 2


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(UnavailableError, match=r"postgresql://me:\*\*\*@127.0.0.1:1/x cannot be reached"):
        lakes.open_lake("postgresql://me:secret@127.0.0.1:1/x", Path())
    assert hide_password("postgresql://me@host/x") == "postgresql://me@host/x"


def test_an_engine_that_there_is_not_is_refused() -> None:
    with pytest.raises(UnavailableError, match="TENURE_LAKE_URL begins with 'mysql'"):
        lakes.open_lake("mysql://host/x", Path())


def test_data_of_a_newer_version_is_refused(url: str) -> None:
    lake = lakes.open_lake(url, Path())
    lake.write(lambda tx: tx.execute("INSERT INTO schema_versions VALUES (999)").fetchone())
    lake.close()
    with pytest.raises(ConflictError, match="newer Tenure"):
        lakes.open_lake(url, Path())


def test_a_large_answer_comes_in_batches(url: str) -> None:
    rows = pa.table({"name": ["x"] * 25_000, "value": pa.array(range(25_000), pa.int64())})
    with lakes.opened(lakes.open_lake(url, Path())) as lake:
        lake.write(lambda tx: tx.append("checkpoints", rows))
        table = lakes.table("checkpoints")
        batches = list(lake.stream(table.order_by("value"), rows=10_000))
        assert [batch.num_rows for batch in batches] == [10_000, 10_000, 5_000]
        assert batches[2]["value"][4_999].as_py() == 24_999
        next(iter(lake.stream(table, rows=10)))
        assert lake.read_value(table.count().as_table()) == 25_000


def test_a_customers_past_is_found_by_an_index(url: str) -> None:
    with lakes.opened(lakes.open_lake(url, Path())) as lake:
        rows = [{"customer_id": number % 500, "event": "Seen", "seq": number} for number in range(20_000)]
        lake.write(lambda tx: tx.append("events", pa.Table.from_pylist(rows)))
        lake.write(lambda tx: tx.execute("ANALYZE events"))
        events = lakes.table("events")
        wanted = events.filter(events.customer_id == 7, events.event == "Seen").select("seq")
        with lake.reading() as reading:
            plan = reading.execute(f"EXPLAIN {lake.compile(wanted)}").fetchall()
        assert any("events_by_customer_id" in line for (line,) in plan), plan


def test_rows_with_every_type_come_back_as_they_were(url: str) -> None:
    given = pa.table(
        {
            "text": pa.array(["a,\"b'\n", "", None, "é\x00€"], pa.string()),
            "amount": pa.array(["1.5000", "-99999999999999.9999", None, "0.0000"]).cast(pa.decimal128(18, 4)),
            "moment": pa.array([0, 1, None, -62_135_596_800_000_000], pa.timestamp("us")),
            "key": pa.array([2**64 - 1, 0, None, 7], pa.uint64()),
            "share": pa.array([0.1, float("inf"), None, -1e300], pa.float64()),
            "is_so": pa.array([True, False, None, True]),
        }
    )
    with lakes.opened(lakes.open_lake(url, Path())) as lake, lake.reading() as reading:
        with reading.with_rows("given", given):
            table = ibis.table(
                {
                    "text": "string",
                    "amount": "decimal(18, 4)",
                    "moment": "timestamp(6)",
                    "key": "int64",
                    "share": "float64",
                    "is_so": "boolean",
                },
                name="given",
            )
            found = reading.read(table)
        for name in ("amount", "moment", "share", "is_so"):
            assert found[name].to_pylist() == given[name].to_pylist()
        assert found["text"].to_pylist() == ["a,\"b'\n", "", None, "é€"]
        assert found["key"].to_pylist() == [-1, 0, None, 7]
