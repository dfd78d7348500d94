"""The pages of campaigns, as Charlie (outsider), Bob (viewer) and Alice (marketer) see them."""

import re
from datetime import timedelta

import pytest

from tenure.base import jobs
from tenure.base.access import create_user
from tenure.base.jobs import JobProgress
from tenure.base.models import Job
from tenure.campaigns import api
from tenure.campaigns.models import Campaign
from tenure.campaigns.tests.conftest import make_definition
from tenure.channels.models import Delivery
from tenure.events.api import NewEvent

PASSWORD = "quite a long pass phrase"
PAGES = ("/campaigns/", "/campaigns/new/", "/campaigns/{}/", "/campaigns/{}/mail/", "/campaigns/{}/progress/")
ACTIONS = (
    "/campaigns/new/preview/",
    "/campaigns/{}/send/",
    "/campaigns/{}/cancel/",
    "/campaigns/{}/discard/",
    "/campaigns/{}/edit/",
    "/campaigns/{}/hold-out/",
    "/campaigns/{}/test/",
    "/campaigns/{}/in-doubt/1/",
)


@pytest.fixture
def alice(shop, client):
    client.force_login(create_user("alice@shop.example", PASSWORD, "marketer"))
    return client


@pytest.fixture
def bob(shop, client):
    client.force_login(create_user("bob@shop.example", PASSWORD, "viewer"))
    return client


@pytest.fixture(autouse=True)
def jobs_run_at_once(monkeypatch):
    def run(kind, work, actor):
        job = Job.objects.create(kind=kind, actor=actor, created_at="2026-03-01T12:00Z")
        work(JobProgress(job.pk))
        return job.pk

    monkeypatch.setattr(jobs, "start_job", run)


@pytest.fixture
def draft(shop):
    shop.add_customers(40)
    return api.create_campaign(make_definition(), "alice@shop.example")


def make_form(**changes):
    return {
        "name": "Summer",
        "segment": "Champions",
        "subject": "Hello",
        "body": "<p>Hi {{ customer.first_name }}</p>",
        "control_percent": "10",
        "measure_days": "14",
        "from_name": "",
        **changes,
    }


@pytest.mark.parametrize("path", PAGES)
def test_charlie_is_asked_to_sign_in(draft, client, path):
    response = client.get(path.format(draft.id))
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("path", ACTIONS)
def test_charlie_can_do_nothing(draft, client, path):
    assert client.post(path.format(draft.id)).status_code == 302
    assert Campaign.objects.get().state == "draft"


@pytest.mark.parametrize(
    "path", ["/campaigns/", "/campaigns/{}/", "/campaigns/{}/mail/", "/campaigns/{}/progress/"]
)
def test_bob_may_look(draft, bob, path):
    assert bob.get(path.format(draft.id)).status_code == 200


@pytest.mark.parametrize("path", [*ACTIONS, "/campaigns/new/"])
def test_bob_may_not_act(draft, bob, path):
    assert bob.post(path.format(draft.id), make_form()).status_code == 403
    assert Campaign.objects.get().state == "draft"


def test_bob_sees_no_buttons(draft, bob):
    page = bob.get(f"/campaigns/{draft.id}/").content.decode()
    assert "Send to" not in page
    assert "New campaign" not in bob.get("/campaigns/").content.decode()


def test_an_empty_list_says_what_to_do(alice):
    assert "No campaign yet" in alice.get("/campaigns/").content.decode()


def test_the_form_offers_segments_with_their_counts(draft, alice):
    page = alice.get("/campaigns/new/?segment=At+Risk+Customers").content.decode()
    assert re.search(r'<option value="Champions">\s*Champions \(40\)', page)
    assert 'value="At Risk Customers" selected' in page
    assert "Everyone (40)" in page


def test_the_preview_counts_and_shows_the_mail(draft, alice):
    response = alice.post("/campaigns/new/preview/", make_form(body="<p>Hi {{ customer.first_name }}</p>"))
    page = response.content.decode()
    assert response.status_code == 200
    assert '<dd class="strong">40</dd>' in page
    assert "as Ada would see it" in page
    mail = alice.get("/campaigns/new/mail/")
    assert "Hi Ada" in mail.content.decode()
    assert mail["Content-Security-Policy"].startswith("sandbox;")
    assert Campaign.objects.count() == 1


def test_the_proposed_control_group_is_taken_at_a_press(shop, alice):
    recently = shop.time.now() - timedelta(days=3)
    shop.add_customers(2_000, last_order_at=lambda number: recently if number <= 400 else None)
    page = alice.post("/campaigns/new/preview/", make_form()).content.decode()
    assert "10% are too few" in page
    assert '"take_percent": "25"' in page
    taken = alice.post("/campaigns/new/preview/", make_form(take_percent="25")).content.decode()
    assert re.search(r'<input type="number" name="control_percent" value="25"[^>]*hx-swap-oob="true"', taken)
    assert "25% are enough" in taken
    assert "take_percent" not in taken


def test_a_half_written_mail_is_explained_while_the_plan_stays(draft, alice):
    page = alice.post(
        "/campaigns/new/preview/", make_form(body="<p>{{ customer.first_name</p>")
    ).content.decode()
    assert "The body has a mistake in line 1" in page
    assert "Eligible" in page


@pytest.mark.parametrize(
    "changes", [{"control_percent": "x"}, {"measure_days": "-1"}, {"segment": "No such"}]
)
def test_a_preview_of_nonsense_explains(draft, alice, changes):
    response = alice.post("/campaigns/new/preview/", make_form(**changes))
    assert response.status_code == 200
    assert 'class="note warn"' in response.content.decode()


def test_saving_makes_a_draft_and_sends_nothing(draft, alice):
    response = alice.post("/campaigns/new/", make_form(control_percent="25"))
    campaign = Campaign.objects.get(name="Summer")
    assert response["Location"] == f"/campaigns/{campaign.pk}/"
    assert (campaign.state, campaign.control_share, campaign.created_by) == (
        "draft",
        0.25,
        "alice@shop.example",
    )
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Spring"}, "another name"),
        ({"subject": ""}, "This field is required"),
        ({"body": "{% if %}"}, "mistake in line 1"),
        ({"control_percent": "80"}, "less than or equal to 50"),
    ],
)
def test_a_mistake_in_the_form_stays_beside_its_field(draft, alice, changes, words):
    response = alice.post("/campaigns/new/", make_form(**changes))
    assert response.status_code == 400
    assert words in response.content.decode()


def test_a_draft_says_how_many_will_get_it_and_sends_at_a_press(draft, alice):
    assert "Send to about 36 people" in alice.get(f"/campaigns/{draft.id}/").content.decode()
    response = alice.post(f"/campaigns/{draft.id}/send/")
    assert response["Location"] == f"/campaigns/{draft.id}/"
    assert Delivery.objects.count() + sum(row[0] == "held_out" for row in _decisions(draft)) == 40
    alice.post(f"/campaigns/{draft.id}/send/")
    assert Delivery.objects.count() + sum(row[0] == "held_out" for row in _decisions(draft)) == 40


def _decisions(draft):
    from tenure.lake import api as lakes

    return [(row["outcome"],) for row in lakes.current().read_rows(lakes.table("decisions"))]


def test_the_report_of_a_campaign_being_sent_follows_by_itself(draft, alice):
    alice.post(f"/campaigns/{draft.id}/send/")
    page = alice.get(f"/campaigns/{draft.id}/").content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert "HX-Refresh" not in alice.get(f"/campaigns/{draft.id}/progress/")
    Delivery.objects.update(state="sent")
    api.settle_all()
    assert alice.get(f"/campaigns/{draft.id}/progress/")["HX-Refresh"] == "true"
    assert 'hx-trigger="every 2s"' not in alice.get(f"/campaigns/{draft.id}/").content.decode()


def test_the_report_puts_its_sentence_in_front_and_draws_intervals(shop, alice):
    shop.add_customers(2_000)
    draft = api.create_campaign(make_definition(control_share=0.5), "alice@shop.example")
    api.send_campaign(draft.id, "alice@shop.example")
    shop.add_orders({n: 20.0 + n % 7 for n in range(1, 1_000)})
    shop.time.advance(days=3)
    Delivery.objects.update(state="sent")
    Delivery.objects.filter(customer_id__lte=10).update(state="in_doubt")
    page = alice.get(f"/campaigns/{draft.id}/").content.decode()
    assert f'<p class="lead">{api.get_report(draft.id).statement}</p>' in page.replace("&#x27;", "'")
    assert page.count('class="interval"') == 3
    assert api.get_report(draft.id).total_statement in page
    assert "In doubt" in page or "in doubt" in page
    assert "It did not: send again" in page


def test_the_report_says_what_machines_did_and_was_left_out(draft, alice, shop):
    api.send_campaign(draft.id, "alice@shop.example")
    Delivery.objects.update(state="sent")
    page = alice.get(f"/campaigns/{draft.id}/").content.decode()
    assert "by machines" not in page
    opened = {"campaign_id": draft.id, "is_bot": True}
    at = shop.time.now()
    shop.add_events(
        [
            NewEvent("track", "Email Opened", opened, at, customer_id=1),
            NewEvent("track", "Email Opened", opened, at, customer_id=1),
            NewEvent("track", "Email Link Clicked", opened, at, customer_id=1),
        ]
    )
    page = alice.get(f"/campaigns/{draft.id}/").content.decode()
    assert "Left out: 2 opens and 1 click by machines" in page


def test_the_list_shows_subjects_in_words(draft, alice):
    page = alice.get("/campaigns/").content.decode()
    assert "<small>Hello there</small>" in page
    assert "{{" not in page


def test_a_doubtful_mail_is_settled_by_a_button(draft, alice):
    alice.post(f"/campaigns/{draft.id}/send/")
    row = Delivery.objects.first()
    Delivery.objects.filter(id=row.id).update(state="in_doubt")
    alice.post(f"/campaigns/{draft.id}/in-doubt/{row.id}/", {"arrived": "yes"})
    assert Delivery.objects.get(id=row.id).state == "sent"


def test_a_cancelled_campaign_cannot_be_sent(draft, alice):
    alice.post(f"/campaigns/{draft.id}/cancel/")
    assert Campaign.objects.get().state == "cancelled"
    response = alice.post(f"/campaigns/{draft.id}/send/")
    assert response.status_code == 409
    assert "was cancelled" in response.content.decode()


def test_the_mail_of_a_campaign_lives_under_a_policy_of_its_own(draft, alice):
    response = alice.get(f"/campaigns/{draft.id}/mail/")
    assert "script-src" not in response["Content-Security-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "New things" in response.content.decode()


def test_a_campaign_that_does_not_exist_is_not_found(alice):
    assert alice.get("/campaigns/999/").status_code == 404


@pytest.mark.parametrize("state", ["draft", "sent", "cancelled"])
def test_pages_keep_to_the_strict_policy(draft, alice, state):
    Campaign.objects.update(state=state)
    for path in ("/campaigns/", "/campaigns/new/", f"/campaigns/{draft.id}/"):
        page = alice.get(path).content.decode()
        assert not re.search(r"\sstyle=|\son\w+=|hx-on|<style|<script(?![^>]*\ssrc=)", page)
