"""A shop of a few people for the lists."""

from pathlib import Path

import pytest

from tenure.base import clock
from tenure.events import api as events


def tell(*told: events.NewEvent) -> None:
    now = clock.now()
    events.append_batch(events.build_batch([event.as_row(now) for event in told]))


def identify(user_id: str | None, anonymous_id: str | None = None, **traits: object) -> events.NewEvent:
    return events.NewEvent(
        type="identify", event=None, user_id=user_id, anonymous_id=anonymous_id, customer_id=None,
        properties=traits, occurred_at=clock.now(), message_id=f"{user_id}-{anonymous_id}-{sorted(traits)}",
    )  # fmt: skip


@pytest.fixture
def people(services: object) -> None:
    """anna and ben with addresses, carl without, and somebody known by a cookie only."""
    tell(
        identify("anna", email="Anna@Example.com", country="DE"),
        identify("ben", email="ben@example.com", country="DE"),
        identify("carl", country="AT"),
        identify(None, "cookie-1", country="AT"),
    )


@pytest.fixture
def write(tmp_path: Path):
    def run(text: str, name: str = "people.csv") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return run
