"""Fixtures that every room's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets beside the checkout."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data sets are not beside this checkout")
    return folder


@pytest.fixture
def lake() -> Iterator[object]:
    """An open in-memory lake, current for this test."""
    from tenure.lake import api as lakes

    with lakes.opened(lakes.open_memory()) as lake:
        yield lake


@pytest.fixture
def services(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A whole Tenure without background threads, on the test ledger: call `.pump.drain()` to fold."""
    monkeypatch.setenv("TENURE_HOME", str(tmp_path))
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
