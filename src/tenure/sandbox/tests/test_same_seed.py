"""The same seed at the same moment: the same shop, the same draw, the same answers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

STORY = """
import json
from datetime import UTC, datetime
from tenure.config import process

with process.opened():
    from tenure.base import clock
    from tenure.campaigns import api as campaigns
    from tenure.lake import api as lakes
    from tenure.sandbox import api as sandbox

    with clock.virtual(datetime(2026, 5, 4, 9, 30, tzinfo=UTC)):
        result = sandbox.run_demo(customers=1_000, days=90, seed=1)
        events = lakes.current().connection().execute("select count(*) from events").fetchone()[0]
        reports = [campaigns.get_report(name).as_dict() for name in result.campaigns]
    print(json.dumps({"requests": result.requests_count, "events": events, "reports": reports}))
"""


def tell(home: Path) -> dict[str, Any]:
    environment = {**os.environ, "TENURE_HOME": str(home)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-c", STORY],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_two_demos_of_one_seed_are_the_same(tmp_path: Path) -> None:
    first, second = tell(tmp_path / "first"), tell(tmp_path / "second")
    assert first["reports"] and first["events"] > 5_000
    assert first == second
