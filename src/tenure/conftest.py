"""Fixtures that every room's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tenure.config.testing_postgresql import PostgreSQLServer

REPOSITORY = Path(__file__).resolve().parents[2]

hypothesis.settings.register_profile(
    "tenure",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
"""The same examples in every run and on every machine, however slow. The proofs draw new ones."""
hypothesis.settings.load_profile("tenure")


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets beside the checkout."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data sets are not beside this checkout")
    return folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lake_engine" in metafunc.fixturenames and metafunc.definition.get_closest_marker("every_engine"):
        metafunc.parametrize("lake_engine", ["duckdb", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """A PostgreSQL server of this test session's own."""
    with PostgreSQLServer.started() as server:
        yield server


@pytest.fixture
def lake_engine(request: pytest.FixtureRequest) -> str:
    """The lake's engine: DuckDB, or in turn those of a module that says `pytestmark = ON_EVERY_ENGINE`."""
    return str(getattr(request, "param", os.environ.get("TENURE_TEST_ENGINE", "duckdb")))


@pytest.fixture
def lake_url(lake_engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """As TENURE_LAKE_URL: an empty lake of the test's engine."""
    if lake_engine == "duckdb":
        yield ""
        return
    with request.getfixturevalue("postgresql").database() as url:
        yield url


@pytest.fixture
def lake(lake_url: str) -> Iterator[object]:
    """An open lake, current for this test; DuckDB's is in memory."""
    from tenure.lake import api as lakes

    with lakes.opened(lakes.open_lake(lake_url, Path()) if lake_url else lakes.open_memory()) as lake:
        yield lake


@pytest.fixture
def services(
    transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake_url: str
) -> Iterator[object]:
    """A whole Tenure without background threads, on the test ledger: call `.pump.drain()` to fold."""
    monkeypatch.setenv("TENURE_HOME", str(tmp_path))
    monkeypatch.setenv("TENURE_LAKE_URL", lake_url)
    from tenure.config.environment import read_environment
    from tenure.config.services import Services

    services = Services(read_environment())
    services.start(background=False)
    try:
        yield services
    finally:
        services.stop()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[object]:
    """A started Tenure in a process of its own, on an empty data folder."""
    from tenure.config.testing import RunningTenure

    tenure = RunningTenure(tmp_path / "data")
    tenure.start()
    try:
        yield tenure
    finally:
        tenure.stop()
