from datetime import UTC, datetime

import pytest

from tenure.sandbox.shop import Shop, build_shop

UNTIL = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def shop() -> Shop:
    """A shop of 4,000 people and a year. Fork it before continuing it."""
    return build_shop(4_000, 365, 7, UNTIL)
