"""SIGKILL in the middle of ingest: every acknowledged event is in the lake exactly once."""

import base64
import http.client
import json
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tenure.config.testing import RunningTenure
from tenure.lake import api as lakes


class Client(threading.Thread):
    """Sends batches over one connection after another, and remembers what was acknowledged."""

    def __init__(self, tenure: RunningTenure, name: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.name = name
        self.acknowledged: list[str] = []
        self.sent_count = 0
        self._tenure = tenure
        self._stop_sending = stop
        token = base64.b64encode(f"{tenure.write_key}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop_sending.is_set():
            ids = [f"{self.name}-{self.sent_count + n}" for n in range(10)]
            self.sent_count += len(ids)
            calls = [
                {
                    "type": "track",
                    "event": "Order Completed",
                    "userId": f"user-{int(name.rpartition('-')[2]) % 50}",
                    "messageId": name,
                    "properties": {"order_id": name, "total": 1},
                }
                for name in ids
            ]
            try:
                connection = connection or http.client.HTTPConnection(
                    "127.0.0.1", self._tenure.port, timeout=10
                )
                connection.request("POST", "/v1/batch", json.dumps({"batch": calls}), self._headers)
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    self.acknowledged += ids
            except (OSError, http.client.HTTPException):
                if connection:
                    connection.close()
                connection = None
                time.sleep(0.05)
        if connection:
            connection.close()


def kill_and_count(home: Path, kills: int, seconds_between: float) -> None:
    tenure = RunningTenure(home)
    try:
        acknowledged = send_and_kill(tenure, kills, seconds_between)
    finally:
        tenure.stop()
    with lakes.opened(lakes.open_file(home / "lake.duckdb")) as lake:
        told = lakes.table("events").filter(lambda event: event.source != "tenure")
        stored = Counter(lake.read(told.select("message_id")).column(0).to_pylist())
        orders = lake.read_value(lakes.table("order_events").count().as_table())
        counted = lake.read_value(lakes.table("customers").order_count.sum().as_table())
    assert len(acknowledged) > 100
    assert [name for name in acknowledged if name not in stored] == []
    assert [name for name, count in stored.items() if count > 1] == []
    assert orders == counted == len(stored)


def send_and_kill(tenure: RunningTenure, kills: int, seconds_between: float) -> list[str]:
    stop = threading.Event()
    clients = [Client(tenure, f"c{n}", stop) for n in range(4)]
    tenure.start()
    for client in clients:
        client.start()
    randomly = random.Random(7)
    for _ in range(kills):
        time.sleep(seconds_between * (0.3 + randomly.random()))
        tenure.restart()
    time.sleep(0.5)
    stop.set()
    for client in clients:
        client.join(15)
    deadline = time.monotonic() + 60
    while tenure.command("doctor", exit_codes=(0, 1))["inbox"] and time.monotonic() < deadline:
        time.sleep(0.2)
    return [name for client in clients for name in client.acknowledged]


def test_three_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    kill_and_count(tmp_path / "data", kills=3, seconds_between=1.0)


@pytest.mark.proof
def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    kill_and_count(tmp_path / "data", kills=20, seconds_between=3.0)
