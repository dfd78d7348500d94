"""What the import tests share: files written on the spot, and a lake that is a list."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tenure.events.appending import AppendResult
from tenure.events.imports import api
from tenure.events.imports.known import KNOWN_ORDERS

KINDS = {"Order Completed": "completed", "Order Updated": "updated", "Order Refunded": "refunded"}


class Store:
    """Takes batches as the lake does: a known message id changes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: dict[str, dict[str, Any]] = {}
        self.batches = 0
        self.fail_at_batch: int | None = None

    def append(self, batch: pa.Table) -> AppendResult:
        self.batches += 1
        if self.batches == self.fail_at_batch:
            raise RuntimeError("killed")
        before = len(self.events)
        for row in batch.to_pylist():
            self.events.setdefault(row["message_id"], row | {"properties": json.loads(row["properties"])})
        written = len(self.events) - before
        return AppendResult(written, batch.num_rows - written)

    def find_known(self, order_ids: pa.ChunkedArray) -> pa.Table:
        wanted = set(order_ids.to_pylist())
        rows = [
            {
                "order_id": event["properties"]["order_id"],
                "message_id": event["message_id"],
                "kind": KINDS[event["event"]],
                "amount": pa.scalar(str(event["properties"]["total"])).cast(pa.decimal128(18, 4)).as_py(),
                "occurred_at": event["occurred_at"],
            }
            for event in self.events.values()
            if event["event"] in KINDS and event["properties"]["order_id"] in wanted
        ]
        return pa.Table.from_pylist(rows, schema=KNOWN_ORDERS)

    def run(
        self, kind: str, path: Path, mapping: dict[str, str] | None = None, **options: Any
    ) -> api.ImportResult:
        return api.run_import(
            kind, path, mapping, folder=self.folder, append=self.append, find_known=self.find_known, **options
        )

    def named(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.events.values() if one["event"] == event]

    def identified(self) -> dict[str, dict[str, Any]]:
        return {
            one["user_id"]: one["properties"] for one in self.events.values() if one["type"] == "identify"
        }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "imports")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def read_rejected(result: api.ImportResult) -> list[tuple[int, str]]:
    """(line, reason) of the rejected rows' file."""
    import csv

    if result.rejected_file is None:
        return []
    with result.rejected_file.open(encoding="utf-8", newline="") as file:
        return [(int(row["line"]), row["reason"]) for row in csv.DictReader(file)]
