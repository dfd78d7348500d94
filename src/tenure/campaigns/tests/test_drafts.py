"""What can be done with a draft: changed, tried out, given a larger control group."""

import threading
from datetime import timedelta

import pytest

from tenure.base.access import create_user
from tenure.base.errors import ConflictError
from tenure.campaigns import api
from tenure.campaigns.models import Campaign
from tenure.campaigns.tests.conftest import make_definition
from tenure.channels import api as channels
from tenure.channels.models import Delivery

ALICE = "alice@shop.example"


@pytest.fixture
def alice(shop, client):
    client.force_login(create_user(ALICE, "quite a long pass phrase", "marketer"))
    return client


@pytest.fixture
def draft(shop):
    shop.add_customers(40)
    return api.create_campaign(make_definition(), ALICE)


@pytest.fixture
def sent_alone(monkeypatch):
    sent = []

    def take(message):
        sent.append(message)
        return channels.Outcome("sent")

    monkeypatch.setattr(channels, "send_alone", take)
    return sent


def make_form(**changes):
    return {
        "name": "Spring, again",
        "segment": "Champions",
        "subject": "Hello",
        "body": "<p>Hi</p>",
        "control_percent": "12.5",
        "measure_days": "7",
        "from_name": "Ada",
        **changes,
    }


def test_the_form_of_a_draft_holds_what_was_written(draft, alice):
    page = alice.get(f"/campaigns/{draft.id}/edit/").content.decode()
    assert 'value="Spring"' in page
    assert 'name="control_percent" value="10"' in page
    assert "https://shop.example/new?a=1" in page
    assert f'action="/campaigns/{draft.id}/edit/"' in page
    assert 'hx-post="/campaigns/new/preview/"' in page


def test_a_draft_is_changed_name_and_all(draft, alice):
    response = alice.post(f"/campaigns/{draft.id}/edit/", make_form())
    assert response["Location"] == f"/campaigns/{draft.id}/"
    changed = api.get_campaign(draft.id)
    assert (changed.name, changed.control_share, changed.measure_days) == ("Spring, again", 0.125, 7)
    assert changed.definition.from_name == "Ada"
    assert Campaign.objects.count() == 1


def test_a_name_that_another_campaign_has_is_refused_beside_its_field(draft, alice):
    api.create_campaign(make_definition(name="Autumn"), ALICE)
    response = alice.post(f"/campaigns/{draft.id}/edit/", make_form(name="Autumn"))
    assert response.status_code == 400
    assert "another name" in response.content.decode()
    assert api.get_campaign(draft.id).name == "Spring"


def test_a_campaign_being_sent_cannot_be_changed(draft, alice):
    api.start_campaign(draft.id, ALICE)
    with pytest.raises(ConflictError) as caught:
        api.update_draft(draft.id, make_definition(subject="Other"), ALICE)
    assert caught.value.code == "not_a_draft"
    assert alice.get(f"/campaigns/{draft.id}/edit/")["Location"] == f"/campaigns/{draft.id}/"
    assert alice.post(f"/campaigns/{draft.id}/edit/", make_form())["Location"] == f"/campaigns/{draft.id}/"
    assert api.get_campaign(draft.id).definition.subject == draft.definition.subject


def test_the_proposed_control_group_is_taken_on_the_draft(shop, alice):
    recently = shop.time.now() - timedelta(days=3)
    shop.add_customers(2_000, last_order_at=lambda number: recently if number <= 400 else None)
    draft = api.create_campaign(make_definition(), ALICE)
    assert "Hold out 25%" in alice.get(f"/campaigns/{draft.id}/").content.decode()
    page = alice.post(f"/campaigns/{draft.id}/hold-out/", {"percent": "25"}, follow=True).content.decode()
    assert "Hold out 25%" not in page
    assert "Send to about 1,500 people" in page
    assert api.get_campaign(draft.id).control_share == 0.25


def test_a_test_goes_to_who_presses_and_counts_nowhere(draft, alice, sent_alone):
    page = alice.post(f"/campaigns/{draft.id}/test/", {"customer": "1"}, follow=True).content.decode()
    assert f"A test went to {ALICE}" in page
    (mail,) = sent_alone
    assert (mail.to, mail.subject) == (ALICE, "[Test] Hello Ada")
    assert "https://shop.example/new?a=1" in mail.html
    assert "/t/c/" not in mail.html + mail.text
    assert "/t/o/" not in mail.html
    assert "You get this mail from The Shop" in mail.html
    assert "List-Unsubscribe" not in mail.headers
    assert Delivery.objects.count() == 0
    assert api.get_campaign(draft.id).state == "draft"


def test_a_test_that_the_server_refuses_says_why(draft, alice, monkeypatch):
    refusal = channels.Outcome("failed", "550", "550 no such user")
    monkeypatch.setattr(channels, "send_alone", lambda message: refusal)
    page = alice.post(f"/campaigns/{draft.id}/test/", follow=True).content.decode()
    assert "The test was not sent. The mail server did not take the test: 550 no such user" in page


def test_without_a_mail_server_a_test_says_so(draft, alice):
    page = alice.post(f"/campaigns/{draft.id}/test/", follow=True).content.decode()
    assert "No mail server is set" in page


def test_a_test_arrives_through_the_transport_of_the_sender(draft):
    catcher = channels.Catcher()
    catcher.start()
    sender = channels.Sender(lambda row: None, catcher.url)
    found = []
    mail = channels.OutgoingEmail(ALICE, "Shop <hello@shop.example>", "[Test] Hello", "<p>Hi</p>", "Hi")
    work = threading.Thread(target=lambda: found.append(sender.send_alone(mail)))
    work.start()
    work.join(20)
    caught = channels.list_mails().mails
    catcher.stop()
    assert [one.state for one in found] == ["sent"]
    assert [(one.recipient, one.subject) for one in caught] == [(ALICE, "[Test] Hello")]
