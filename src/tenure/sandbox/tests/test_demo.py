"""The demo's story, told in a process and a data folder of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tenure.base.errors import TenureError
from tenure.sandbox.api import run_demo

STORY = """
import dataclasses, json
from tenure.config import process
from tenure.config.environment import read_environment

with process.opened():
    from tenure.campaigns import api as campaigns
    from tenure.channels import api as channels
    from tenure.lake import api as lakes
    from tenure.sandbox import api as sandbox

    shown = []
    result = sandbox.run_demo(progress=lambda share, text: shown.append(share))
    cursor = lakes.current().connection()
    truths = []
    for number, path in enumerate(sorted((read_environment().home / "sandbox").glob("*.parquet")), start=1):
        assigned = cursor.execute(
            "select external_id from decisions join customers using (customer_id) "
            "where campaign_id = ? and arm is not null", [number]).to_arrow_table()["external_id"]
        effect = sandbox.compute_true_effect(sandbox.Truth.read(path), assigned, 14)
        truths.append(dataclasses.asdict(effect))
    print(json.dumps({
        "requests": result.requests_count,
        "reports": [campaigns.get_report(name).as_dict() for name in result.campaigns],
        "truths": truths,
        "segments": dict(cursor.execute("select segment, count(*) from customers group by 1").fetchall()),
        "future": cursor.execute("select count(*) from events where occurred_at > now()::timestamp").fetchone()[0],
        "caught": channels.list_mails(limit=1).total_count,
        "shares": [share for share in shown if share is not None],
    }))
"""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("demo") / "home"
    environment = {**os.environ, "TENURE_HOME": str(home), "TENURE_SMTP_URL": "smtp://mail.invalid:25"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-c", STORY],
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        cwd=Path.cwd(),
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_demo_campaign_shows_an_interval_that_excludes_zero_and_holds_the_truth(
    story: dict[str, Any],
) -> None:
    report, truth = story["reports"][0], story["truths"][0]
    assert report["statement_about"] == "revenue"
    assert 0 < report["difference"]["low"] < truth["revenue_per_person"] < report["difference"]["high"]
    assert report["conversion"]["low"] < truth["conversion_difference"] < report["conversion"]["high"]
    assert min(report["bought"].values()) >= 100
    assert truth["people_count"] == sum(report["assigned"].values())


def test_every_planned_mail_was_sent_to_the_catcher_and_nowhere_else(story: dict[str, Any]) -> None:
    assert story["caught"] == sum(report["sent"] for report in story["reports"]) > 1_000
    assert [report["sent"] for report in story["reports"]] == [
        r["assigned"]["treatment"] for r in story["reports"]
    ]


def test_people_answer_their_mail_some_by_its_links(story: dict[str, Any]) -> None:
    report = story["reports"][0]
    assert story["requests"] > 20
    assert report["sent"] > report["opened"] > report["clicked"] > report["unsubscribed"] > 0


def test_the_small_campaign_says_that_its_data_are_too_few(story: dict[str, Any]) -> None:
    report = story["reports"][1]
    assert report["difference"]["value"] is None
    assert report["difference"]["reason"] == "too_few_buyers"


def test_all_eleven_segments_have_people_and_nothing_lies_in_the_future(story: dict[str, Any]) -> None:
    assert len(story["segments"]) == 11
    assert min(story["segments"].values()) > 100
    assert story["future"] == 0


def test_progress_only_goes_forward(story: dict[str, Any]) -> None:
    assert story["shares"] == sorted(story["shares"])
    assert story["shares"][-1] == 1.0


def test_a_demo_needs_days_enough_for_its_story() -> None:
    with pytest.raises(TenureError, match="at least 60 days"):
        run_demo(days=30)
