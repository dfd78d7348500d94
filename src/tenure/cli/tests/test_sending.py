"""`tenure campaign send` where the mail server refuses."""

from pathlib import Path

from tenure.channels.tests.conftest import Listening, Peer
from tenure.cli.tests.conftest import Tenure, find_free_port

CAMPAIGN = "name: {}\nsegment: everyone\nsubject: Hi\nbody: <p>Hello</p>\ncontrol_share: 0\n"


def import_people(tenure: Tenure, folder: Path) -> None:
    (folder / "people.csv").write_text("customer_id,email\na,a@example.com\nb,b@example.com\n")
    assert tenure("import", "customers", "people.csv", "--json").code == 0
    (folder / "one.yaml").write_text(CAMPAIGN.format("One"))
    (folder / "two.yaml").write_text(CAMPAIGN.format("Two"))


def test_a_server_that_is_down_is_named_and_the_campaign_goes_on_later(
    tenure: Tenure, tmp_path: Path
) -> None:
    import_people(tenure, tmp_path)
    down = f"smtp://127.0.0.1:{find_free_port()}"
    stopped = tenure("campaign", "send", "one.yaml", "--wait", "1", "--json", TENURE_SMTP_URL=down)
    assert stopped.code == 1
    error = stopped.document["error"]
    assert error["code"] == "mail_server_refuses"
    assert down in error["message"] and "2 mails wait" in error["message"]
    report = tenure("campaign", "report", "One", "--json").document
    assert (report["state"], report["waiting"]) == ("sending", 2)
    second = tenure("campaign", "send", "two.yaml", "--json")
    assert second.document["also_sending"] == [{"name": "One", "waiting": 2}]
    assert tenure("campaign", "send", "one.yaml", "--json").document["sent"] == 2


def test_a_campaign_that_every_server_refused_ends_with_its_reason(tenure: Tenure, tmp_path: Path) -> None:
    import_people(tenure, tmp_path)
    peer = Listening(Peer(rcpt="550 no such person"))
    try:
        refused = tenure("campaign", "send", "one.yaml", "--json", TENURE_SMTP_URL=peer.url)
    finally:
        peer.stop()
    assert refused.code == 1
    error = refused.document["error"]
    assert error["code"] == "nothing_sent"
    assert "all 2 mails failed" in error["message"] and "no such person" in error["message"]
    assert tenure("campaign", "report", "One", "--json").document["state"] == "failed"
