"""A few rows of a large table are found by an index, which survives what is done to the table."""

from pathlib import Path

from tenure.lake import api as lakes
from tenure.lake.engines.duckdb import DuckDBLake

NAMES = [("customers_main_by_customer_id",), ("memberships_main_by_customer_id",)]


def list_indexes(lake: lakes.Lake) -> list[tuple[str]]:
    with lake.reading() as reader:
        return reader.execute("SELECT index_name FROM duckdb_indexes() ORDER BY 1").fetchall()  # type: ignore[return-value]


def test_indexes_survive_rewriting_and_a_copy(tmp_path: Path) -> None:
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    assert isinstance(lake, DuckDBLake)
    lake.rewrite_tables(["customers_main", "memberships_main"])
    assert list_indexes(lake) == NAMES
    lake.copy_to(tmp_path / "copy.duckdb")
    lake.close()
    copy = lakes.open_file(tmp_path / "copy.duckdb")
    assert list_indexes(copy) == NAMES
    copy.close()


def test_few_ids_are_written_out_and_many_are_joined(tmp_path: Path) -> None:
    lake = lakes.open_file(tmp_path / "lake.duckdb")
    with lake.reading() as reader:
        few = lakes.build_key_test(reader, "SELECT unnest([7, 7, NULL, 3]) AS customer_id")
        many = lakes.build_key_test(reader, "SELECT range AS customer_id FROM range(2001)")
        none = lakes.build_key_test(reader, "SELECT 1 AS customer_id WHERE false")
        row = reader.execute(f"SELECT count(*) FROM range(5000) AS r(customer_id) WHERE {many}").fetchone()
    lake.close()
    assert few in ("customer_id IN (3, 7)", "customer_id IN (7, 3)")
    assert none == "false"
    assert row == (2001,)
