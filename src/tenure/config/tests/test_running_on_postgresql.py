import base64
import json
import time
import urllib.request
from pathlib import Path

from tenure.config.testing import RunningTenure
from tenure.config.testing_postgresql import PostgreSQLServer


def send(tenure: RunningTenure, *calls: dict[str, object]) -> int:
    key = base64.b64encode(f"{tenure.write_key}:".encode()).decode()
    request = urllib.request.Request(
        f"{tenure.address}/v1/batch",
        json.dumps({"batch": calls}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Basic {key}"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return int(response.status)


def test_a_server_on_postgresql_takes_events_in_and_shows_the_customer_with_her_segment(
    postgresql: PostgreSQLServer, tmp_path: Path
) -> None:
    with postgresql.database() as url:
        tenure = RunningTenure(tmp_path / "data", TENURE_LAKE_URL=url)
        tenure.start()
        try:
            order = {
                "type": "track",
                "event": "Order Completed",
                "userId": "ada",
                "messageId": "m1",
                "properties": {"order_id": "o1", "total": 25},
            }
            traits = {"name": "Ada", "email": "ada@example.com"}
            identify = {"type": "identify", "userId": "ada", "messageId": "m2", "traits": traits}
            assert send(tenure, order, identify) == send(tenure, order) == 200
            deadline = time.monotonic() + 30
            while (report := tenure.command("doctor"))["inbox"] and time.monotonic() < deadline:
                time.sleep(0.1)
            assert report["events"] == 2
            lake = next(check for check in report["checks"] if check["name"] == "lake")
            assert "PostgreSQL" in lake["message"]
            tenure.restart()
            shown = tenure.command("customer", "ada")
            assert (shown["orders"], shown["revenue"], shown["traits"]) == (1, 25.0, traits)
            assert shown["segment"]
            made = tenure.command("backup", str(tmp_path / "b.tar"))
            assert made["has_lake"] is False
        finally:
            tenure.stop()
    assert not list((tmp_path / "data").glob("lake.duckdb*"))
