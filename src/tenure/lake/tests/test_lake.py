import threading
import time
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from tenure.base.errors import ConflictError
from tenure.config.testing_postgresql import ON_EVERY_ENGINE
from tenure.lake import api as lakes


def checkpoint_rows(*rows: tuple[str, int]) -> pa.Table:
    return pa.table({"name": [name for name, _ in rows], "value": pa.array([v for _, v in rows], pa.int64())})


def test_a_table_is_created_replaced_and_dropped_through_ibis() -> None:
    """sqlglot 30.20 and later emit a DROP without a name, which breaks this."""
    connection = ibis.duckdb.connect()
    connection.create_table("x", schema={"a": "int64"})
    connection.create_table("x", schema={"a": "int64"}, overwrite=True)
    assert connection.table("x").columns == ("a",)
    connection.drop_table("x")
    with pytest.raises(ibis.common.exceptions.TableNotFound):
        connection.table("x")


@ON_EVERY_ENGINE
def test_a_write_is_seen_by_other_threads_once_it_is_committed(lake: lakes.Lake) -> None:
    lake.write(lambda tx: tx.append("checkpoints", checkpoint_rows(("a", 1), ("b", 2))))
    assert lake.read_value(lakes.table("checkpoints").value.sum().as_table()) == 3


@ON_EVERY_ENGINE
def test_a_write_that_fails_leaves_nothing_behind(lake: lakes.Lake) -> None:
    def work(tx: lakes.Transaction) -> None:
        tx.append("checkpoints", checkpoint_rows(("a", 1)))
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        lake.write(work)
    assert lake.read_rows(lakes.table("checkpoints")) == []


@ON_EVERY_ENGINE
def test_rows_are_deleted_by_a_condition(lake: lakes.Lake) -> None:
    lake.write(lambda tx: tx.append("checkpoints", checkpoint_rows(("a", 1), ("b", 2))))
    assert lake.write(lambda tx: tx.delete("checkpoints", lambda t: t.name == "a")) == 1
    assert [row["name"] for row in lake.read_rows(lakes.table("checkpoints"))] == ["b"]


def test_data_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    lake.write(lambda tx: tx.execute("INSERT INTO schema_versions VALUES (999)").fetchone())
    lake.close()
    with pytest.raises(ConflictError, match="newer Tenure"):
        lakes.open_file(tmp_path / "lake.duckdb")


def test_a_copy_holds_what_was_committed(tmp_path: Path) -> None:
    with lakes.opened(lakes.open_file(tmp_path / "lake.duckdb")) as lake:
        lake.write(lambda tx: tx.append("checkpoints", checkpoint_rows(("a", 1))))
        lake.copy_to(tmp_path / "copy.duckdb")
        lake.write(lambda tx: tx.append("checkpoints", checkpoint_rows(("b", 2))))
    with lakes.opened(lakes.open_file(tmp_path / "copy.duckdb")) as copy:
        assert [row["name"] for row in copy.read_rows(lakes.table("checkpoints"))] == ["a"]


def test_one_lake_serves_a_writer_and_four_readers(tmp_path: Path) -> None:
    stop = threading.Event()
    errors: list[BaseException] = []
    sums: list[int] = []
    with lakes.opened(lakes.open_file(tmp_path / "lake.duckdb")) as lake:

        def read() -> None:
            while not stop.is_set():
                try:
                    sums.append(lake.read_value(lakes.table("checkpoints").value.count().as_table()))
                except BaseException as error:
                    errors.append(error)

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for number in range(20):
            lake.write(lambda tx, n=number: tx.append("checkpoints", checkpoint_rows(*[(str(n), 1)] * 50)))
            time.sleep(0.1)
        stop.set()
        for reader in readers:
            reader.join()
        assert errors == []
        assert set(sums) <= {50 * n for n in range(21)}
        assert lake.read_value(lakes.table("checkpoints").value.count().as_table()) == 1000
