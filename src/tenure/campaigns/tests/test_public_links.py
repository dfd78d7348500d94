"""What recipients follow: pixel, links, unsubscription."""

import pytest
from django.test import Client

from tenure.base.models import AuditEntry
from tenure.campaigns import api, tokens, tracking
from tenure.campaigns.tracking import is_machine
from tenure.channels.outbox import SentDelivery
from tenure.customers import api as customers
from tenure.events.models import QueuedEvent

READER = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15"}


def sign(purpose, delivery, position=0):
    content = tokens.TokenContent(delivery.campaign_id, delivery.id, delivery.customer_id, position)
    return tokens.sign_token(purpose, content)


def test_the_pixel_is_a_gif_that_nobody_keeps_and_records_an_open(shop, delivery, client):
    response = client.get(f"/t/o/{sign('o', delivery)}.gif", headers=READER)
    assert (response.status_code, response["Content-Type"]) == (200, "image/gif")
    assert response.content.startswith(b"GIF89a")
    assert "no-store" in response["Cache-Control"]
    [event] = shop.recorded
    assert (event.event, event.customer_id) == ("Email Opened", 1)
    assert event.properties == {
        "campaign_id": delivery.campaign_id,
        "campaign_name": "Spring",
        "email_subject": 'Hello {{ customer.first_name | default: "there" }}',
        "delivery_id": delivery.id,
        "is_bot": False,
    }


def test_every_open_is_an_event_of_its_own(shop, delivery, client):
    for _ in range(2):
        client.get(f"/t/o/{sign('o', delivery)}.gif", headers=READER)
    assert len(shop.recorded) == 2
    assert {event.message_id for event in shop.recorded} == {None}


def test_a_click_leads_to_the_stored_address_and_is_recorded(shop, delivery, client):
    response = client.get(f"/t/c/{sign('c', delivery)}?url=https://evil.example/", headers=READER)
    address = "https://shop.example/new?a=1&utm_source=tenure&utm_medium=email&utm_campaign=spring"
    assert (response.status_code, response["Location"]) == (302, address)
    [event] = shop.recorded
    assert (event.event, event.properties["link_url"], event.properties["is_bot"]) == (
        "Email Link Clicked",
        address,
        False,
    )


def test_a_click_is_followed_even_while_events_cannot_be_stored(shop, delivery, client, monkeypatch):
    from tenure.base.errors import UnavailableError
    from tenure.events import api as events

    def refuse(event):
        raise UnavailableError("inbox_unavailable", "full")

    monkeypatch.setattr(events, "record", refuse)
    assert client.get(f"/t/c/{sign('c', delivery)}", headers=READER).status_code == 302


@pytest.mark.parametrize("path", ["/t/o/{}.gif", "/t/c/{}", "/u/{}"])
@pytest.mark.parametrize("token", ["AAAA", "x", "%2e%2e", "A" * 300, "é"])
def test_a_forged_token_is_a_page_that_says_so(shop, client, path, token):
    response = client.get(path.format(token), headers=READER)
    assert response.status_code == 404
    assert b"This link does not work" in response.content
    assert shop.recorded == []


def test_a_token_of_one_kind_does_not_open_another(shop, delivery, client):
    assert client.get(f"/t/c/{sign('o', delivery)}").status_code == 404
    assert client.post(f"/u/{sign('c', delivery)}").status_code == 404
    assert not customers.is_suppressed("email", "person1@example.com")


def test_a_link_that_the_campaign_does_not_have_is_not_found(shop, delivery, client):
    assert client.get(f"/t/c/{sign('c', delivery, 7)}", headers=READER).status_code == 404


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("", True),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", True),
        ("python-requests/2.32", True),
        ("Barracuda Sentinel (EE)", True),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", False),
        (READER["user-agent"], False),
    ],
)
def test_machines_are_told_from_people_where_they_say_so(agent, expected):
    assert is_machine(agent) is expected


def test_a_machine_and_a_look_at_the_head_are_marked(shop, delivery, client):
    client.get(f"/t/c/{sign('c', delivery)}", headers={"user-agent": "curl/8"})
    client.head(f"/t/c/{sign('c', delivery)}", headers=READER)
    assert [event.properties["is_bot"] for event in shop.recorded] == [True, True]


def test_looking_at_the_unsubscribe_page_changes_nothing(shop, delivery, client):
    response = client.get(f"/u/{sign('u', delivery)}", headers=READER)
    assert response.status_code == 200
    assert b"Unsubscribe?" in response.content
    assert not customers.is_suppressed("email", "person1@example.com")
    assert QueuedEvent.objects.count() == 0


def test_one_click_unsubscribes_without_cookie_or_token_of_the_form(shop, delivery):
    """RFC 8058: a POST with List-Unsubscribe=One-Click acts at once, without redirect."""
    stranger = Client(enforce_csrf_checks=True)
    response = stranger.post(
        f"/u/{sign('u', delivery)}",
        "List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 200
    assert b"You are unsubscribed" in response.content
    assert customers.is_suppressed("email", "person1@example.com")
    assert QueuedEvent.objects.count() == 1
    assert not response.cookies


def test_unsubscribing_twice_is_no_harm(shop, delivery, client):
    for _ in range(2):
        assert client.post(f"/u/{sign('u', delivery)}").status_code == 200
    assert QueuedEvent.objects.count() == 1
    assert AuditEntry.objects.filter(verb="customer.unsubscribed").count() == 1


def test_who_is_unsubscribed_already_is_told_so(shop, delivery, client):
    customers.suppress("email", "person1@example.com", "manual")
    assert b"You are unsubscribed" in client.get(f"/u/{sign('u', delivery)}").content


def test_a_delivery_that_is_gone_says_so(shop, delivery, client):
    token = sign("u", delivery)
    delivery.delete()
    assert b"not known any more" in client.get(f"/u/{token}").content
    assert client.post(f"/u/{token}").status_code == 404


def test_who_unsubscribed_is_skipped_by_the_next_campaign(shop, delivery, client):
    from tenure.campaigns.tests.conftest import make_definition

    client.post(f"/u/{sign('u', delivery)}")
    found = api.preview(api.parse_definition(make_definition()))
    assert {reason: people for reason, _, people in found.skipped}["unsubscribed"] == 1


def test_sent_mails_are_recorded_once_by_their_message_id(shop, campaign, delivery):
    row = SentDelivery(delivery.id, campaign.id, 0, 1, "email", delivery.address, shop.time.now())
    tracking.record_sent([row])
    tracking.record_sent([row])
    assert len({event.message_id for event in shop.recorded}) == 1
    assert {event.event for event in shop.recorded} == {"Email Sent"}


def test_no_page_of_these_sets_a_cookie(shop, delivery, client):
    for path in (
        f"/t/o/{sign('o', delivery)}.gif",
        f"/t/c/{sign('c', delivery)}",
        f"/u/{sign('u', delivery)}",
    ):
        assert not client.get(path).cookies
