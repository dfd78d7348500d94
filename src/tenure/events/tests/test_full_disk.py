"""A full disk: what cannot be kept is refused with what to do, and nothing accepted is lost."""

import base64
import http.client
import json
import resource
import time
from pathlib import Path

import pytest

from tenure.config.testing import RunningTenure
from tenure.lake import api as lakes

ROOM_BYTES = 700_000


def send(tenure: RunningTenure, name: str) -> tuple[int, dict[str, object]]:
    token = base64.b64encode(f"{tenure.write_key}:".encode()).decode()
    calls = [
        {
            "type": "track",
            "event": "x",
            "userId": "u",
            "messageId": f"{name}-{n}",
            "properties": {"pad": "a" * 200},
        }
        for n in range(100)
    ]
    connection = http.client.HTTPConnection("127.0.0.1", tenure.port, timeout=30)
    try:
        connection.request(
            "POST", "/v1/batch", json.dumps({"batch": calls}), {"Authorization": f"Basic {token}"}
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="file sizes can be limited on Linux only")
def test_a_full_disk_refuses_new_events_and_loses_no_accepted_one(
    running: RunningTenure, tmp_path: Path
) -> None:
    accepted = ["before"] if send(running, "before")[0] == 200 else []
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))
    refusals = []
    for number in range(120):
        status, answer = send(running, f"full{number}")
        if status == 200:
            accepted.append(f"full{number}")
        else:
            refusals.append((status, answer))
        if len(refusals) == 3:
            break
    assert refusals, "the disk never was full"
    assert {status for status, _ in refusals} == {503}
    error = refusals[0][1]["error"]
    assert isinstance(error, dict)
    assert "make room" in error["message"]

    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    status, _ = send(running, "after")
    assert status == 200
    accepted.append("after")
    deadline = time.monotonic() + 60
    while running.command("doctor", exit_codes=(0, 1))["inbox"] and time.monotonic() < deadline:
        time.sleep(0.3)
    running.stop()
    with lakes.opened(lakes.open_file(tmp_path / "data" / "lake.duckdb")) as lake:
        stored = lake.read(lakes.table("events").select("message_id")).column(0).to_pylist()
    wanted = {f"{name}-{n}" for name in accepted for n in range(100)}
    assert wanted <= set(stored)
    assert len(stored) == len(set(stored))
