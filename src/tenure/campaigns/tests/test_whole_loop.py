"""Collect, choose, send, follow a link, measure: with the real outbox, sender, catcher, inbox and pump."""

import re
from datetime import timedelta

import pytest

from tenure.base import clock
from tenure.campaigns import api
from tenure.campaigns.models import Campaign
from tenure.campaigns.tests.conftest import make_definition
from tenure.channels import api as channels
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.segments import api as segments

PEOPLE = 60


def make_event(kind, event, number, properties, days_ago=20.0):
    at = clock.now() - timedelta(days=days_ago)
    return events.NewEvent(kind, event, properties, at, user_id=f"u{number}")


@pytest.fixture
def mails(services, monkeypatch):
    """A running sender that gives every mail to a local catcher."""
    monkeypatch.setenv("TENURE_BASE_URL", "https://mail.shop.example")
    monkeypatch.setenv("TENURE_FROM_EMAIL", "Shop <hello@shop.example>")
    catcher, messages = channels.Catcher(), api.CampaignMessages("https://mail.shop.example")
    sender = channels.Sender(
        messages.build_message, catcher.start(), on_sent=api.record_sent, prepare=messages.prefetch
    )
    channels.start_sender(sender)
    try:
        yield sender
    finally:
        channels.stop_sender()
        catcher.stop()


def test_a_campaign_goes_round_the_whole_loop(services, mails, client):
    events.record_many(
        [
            make_event("identify", None, n, {"email": f"u{n}@example.com", "firstName": "Ada"})
            for n in range(PEOPLE)
        ]
    )
    events.record_many(
        [make_event("track", "Order Completed", n, {"order_id": f"a{n}", "total": 40}) for n in range(PEOPLE)]
    )
    services.pump.drain()
    segments.refresh()
    draft = api.create_campaign(make_definition(segment="everyone", control_share=0.5), "alice@shop.example")
    campaign = api.send_campaign(draft.id, "alice@shop.example")
    assert mails.wait_until_idle(30)
    states = channels.count_states(campaign.id)
    caught = channels.list_mails(limit=100).mails
    assert states["sent"] == len(caught) == len({mail.recipient for mail in caught})
    assert {mail.subject.strip() for mail in caught} == {"Hello Ada"}

    mail = channels.get_mail(caught[0].id)
    pixel = re.search(r"https://mail\.shop\.example(/t/o/[\w-]+\.gif)", mail.html).group(1)
    link = re.search(r"https://mail\.shop\.example(/t/c/[\w-]+)", mail.html).group(1)
    leave = re.search(r"https://mail\.shop\.example(/u/[\w-]+)", mail.html).group(1)
    reader = {"user-agent": "Mozilla/5.0 (Macintosh)"}
    assert client.get(pixel, headers=reader).status_code == 200
    assert client.get(link, headers=reader)["Location"].startswith(
        "https://shop.example/new?a=1&utm_source=tenure"
    )
    assert client.post(leave).status_code == 200
    user_id = caught[0].recipient.removesuffix("@example.com")
    events.record(
        make_event(
            "track", "Order Completed", user_id.removeprefix("u"), {"order_id": "b", "total": 70}, -0.0001
        )
    )
    services.pump.drain()

    with clock.virtual(clock.now() + timedelta(hours=1)):
        report = api.get_report("Spring").as_dict()
    assert report["state"] == "sent"
    assert (report["sent"], report["in_doubt"], report["failed"]) == (states["sent"], 0, 0)
    assert (report["opened"], report["clicked"], report["unsubscribed"]) == (1, 1, 1)
    assert (report["bought"], report["revenue"]["treatment"]) == ({"treatment": 1, "control": 0}, 70.0)
    customer_id = customers.find_customer_id(user_id)
    names = [event.event for event in customers.get_customer(customer_id).events]
    assert set(names) >= {
        "Email Sent",
        "Email Opened",
        "Email Link Clicked",
        "Unsubscribed",
        "Order Completed",
    }
    following = api.preview(api.parse_definition(make_definition(name="Next", segment="everyone")))
    assert (following.eligible_count, following.audience_count) == (PEOPLE - 1, PEOPLE)


def test_an_interrupted_campaign_is_sent_out_by_the_next_start(services, mails, monkeypatch):
    events.record_many([make_event("identify", None, n, {"email": f"u{n}@example.com"}) for n in range(20)])
    services.pump.drain()
    draft = api.create_campaign(make_definition(segment="everyone", control_share=0), "alice@shop.example")
    Campaign.objects.filter(id=draft.id).update(state="planning")
    assert api.resume_interrupted() == 1
    assert mails.wait_until_idle(30)
    assert channels.count_states(draft.id)["sent"] == 20
    assert api.resume_interrupted() == 0
