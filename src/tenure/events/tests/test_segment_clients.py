"""The unmodified clients that people use with Segment, against a running Tenure."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tenure.config.testing import RunningTenure

REPOSITORY = Path(__file__).resolve().parents[4]
NODE_MODULES = Path(
    os.environ.get("TENURE_NODE_MODULES", REPOSITORY / ".ci" / "cache" / "node" / "node_modules")
)

NODE_PROGRAM = """
const { Analytics } = require('@segment/analytics-node');
const client = new Analytics({ writeKey: process.env.KEY, host: process.env.HOST, flushAt: 3 });
const failures = [];
client.on('error', (error) => failures.push(String(error.reason || error)));
client.identify({ userId: 'nora', traits: { email: 'nora@example.com', firstName: 'Nora' } });
client.track({ userId: 'nora', event: 'Order Completed', properties: { order_id: 'n1', total: 25, currency: 'EUR' } });
client.page({ userId: 'nora', name: 'Home' });
client.screen({ anonymousId: 'phone-1', name: 'Start' });
client.group({ userId: 'nora', groupId: 'g1', traits: { name: 'Acme' } });
client.alias({ previousId: 'phone-1', userId: 'nora' });
client.closeAndFlush().then(() => { console.log(JSON.stringify(failures)); });
"""


@pytest.mark.filterwarnings("default")
def test_the_python_client_works_unmodified(running: RunningTenure) -> None:
    from segment.analytics import Client

    failures: list[object] = []
    client = Client(
        running.write_key, host=running.address, gzip=True, on_error=lambda error, _: failures.append(error)
    )
    client.identify("paul", {"email": "paul@example.com", "firstName": "Paul"})
    client.track("paul", "Order Completed", {"order_id": "p1", "total": 40, "currency": "EUR"})
    client.page("paul", "Docs", "Home")
    client.screen(anonymous_id="phone-1", name="Start")
    client.group("paul", "g1", {"name": "Acme"})
    client.alias("phone-1", "paul")
    client.flush()
    client.join()
    assert failures == []
    _expect(running, "paul", "paul@example.com", 40.0)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_node_client_works_unmodified(running: RunningTenure) -> None:
    if not (NODE_MODULES / "@segment" / "analytics-node").is_dir():
        pytest.skip(
            "@segment/analytics-node is not installed: npm install --prefix .ci/cache/node @segment/analytics-node"
        )
    done = subprocess.run(
        ["node", "-e", NODE_PROGRAM],
        env={**os.environ, "KEY": running.write_key, "HOST": running.address, "NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    _expect(running, "nora", "nora@example.com", 25.0)


def _expect(running: RunningTenure, user_id: str, email: str, revenue: float) -> None:
    view = running.command("customer", email)
    assert view["customer_id"] == user_id
    assert (view["orders"], view["revenue"]) == (1, revenue)
    assert sorted(event["type"] for event in view["events"]) == [
        "alias",
        "group",
        "identify",
        "page",
        "screen",
        "track",
    ]
    assert "phone-1" in view["identifiers"]["anonymous_id"]
