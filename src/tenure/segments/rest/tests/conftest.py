"""Programs that use the API, on a handful of customers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from tenure.base.api_keys import create_api_key
from tenure.segments.tests.page_people import people  # noqa: F401

BUYERS = {"kind": "event", "event": "Order Completed"}
GERMANS = {"kind": "attribute", "name": "country", "value": "DE"}


@dataclass
class Program:
    """Calls the API with a key."""

    key: str
    last: Any = None

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The answer's document; `body` is data, or text that is sent as it is."""
        text = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
        self.last = Client().generic(
            method,
            f"/api/v1{path}",
            text,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )
        if self.last.streaming:
            return b"".join(self.last.streaming_content)
        assert self.last.status_code == status, self.last.content[:2_000]
        assert self.last["Content-Type"] == "application/json" or status < 400
        document = json.loads(self.last.content)
        return document["error"] if status >= 400 else document


Call = Callable[..., Any]


@pytest.fixture
def marketer(people) -> Program:  # noqa: F811
    return Program(create_api_key("program", "marketer", "test"))


@pytest.fixture
def viewer(people) -> Program:  # noqa: F811
    return Program(create_api_key("reader", "viewer", "test"))
