"""From the press of "Send" to the report, as the pages show it."""

import pytest
from django.utils.html import escape

from tenure.base import jobs
from tenure.base.access import create_user
from tenure.base.models import AuditEntry, Job
from tenure.campaigns import api
from tenure.campaigns.models import Campaign
from tenure.campaigns.progress import build_job_kind
from tenure.campaigns.tests.conftest import make_definition
from tenure.channels import api as channels
from tenure.channels.models import Delivery

ALICE = "alice@shop.example"
SENDING = "Sending; the report begins when the mails are out."


@pytest.fixture
def alice(shop, client):
    client.force_login(create_user(ALICE, "quite a long pass phrase", "marketer"))
    return client


@pytest.fixture
def draft(shop):
    shop.add_customers(40)
    return api.create_campaign(make_definition(), ALICE)


@pytest.fixture
def started_jobs(monkeypatch):
    """Jobs that were started and have not run yet: the moment right after the press."""
    started = []

    def keep(kind, work, actor):
        job = Job.objects.create(kind=kind, actor=actor, created_at="2026-03-01T12:00Z")
        started.append(lambda: work(jobs.JobProgress(job.pk)))
        return job.pk

    monkeypatch.setattr(jobs, "start_job", keep)
    return started


def read_page(client, draft):
    return client.get(f"/campaigns/{draft.id}/").content.decode()


def test_right_after_the_press_the_page_shows_sending_and_no_draft(draft, alice, started_jobs):
    alice.post(f"/campaigns/{draft.id}/send/")
    page = read_page(alice, draft)
    assert SENDING in page
    assert "Choosing who gets it" in page
    assert 'hx-trigger="every 2s"' in page
    assert "Discard" not in page
    assert "Send to" not in page
    assert "Not enough data" not in page
    assert "Go on" not in page


def test_a_second_press_starts_no_second_job(draft, alice, started_jobs):
    alice.post(f"/campaigns/{draft.id}/send/")
    alice.post(f"/campaigns/{draft.id}/send/")
    assert len(started_jobs) == 1
    assert AuditEntry.objects.filter(verb="campaign.sent").count() == 1


def test_discarding_from_an_old_page_does_not_stop_what_is_being_sent(draft, alice, started_jobs):
    alice.post(f"/campaigns/{draft.id}/send/")
    response = alice.post(f"/campaigns/{draft.id}/discard/", follow=True)
    assert response.status_code == 200
    assert "is no draft any more: it is being planned" in response.content.decode()
    assert Campaign.objects.get().state == "planning"


def test_a_draft_is_discarded(draft, alice):
    page = alice.post(f"/campaigns/{draft.id}/discard/", follow=True).content.decode()
    assert "Discarded. Nothing was sent." in page
    assert "Not enough data" not in page
    assert Campaign.objects.get().state == "cancelled"


def test_progress_counts_what_is_planned_sent_and_left_and_quotes_the_server(draft, alice, started_jobs):
    alice.post(f"/campaigns/{draft.id}/send/")
    started_jobs[0]()
    total = Delivery.objects.count()
    ids = list(Delivery.objects.values_list("id", flat=True)[:12])
    Delivery.objects.filter(id__in=ids[:10]).update(state="sent")
    Delivery.objects.filter(id__in=ids[10:]).update(error_code="450", error="450 greylisted", attempt_count=1)
    progress = api.get_progress(draft.id)
    assert (progress.planned_count, progress.sent_count, progress.left_count) == (total, 10, total - 10)
    page = alice.get(f"/campaigns/{draft.id}/progress/").content.decode()
    assert "450 greylisted" in page
    assert "They are tried again." in page
    assert "No mail server is set" in page


def test_what_the_sender_waits_for_is_shown(draft, alice, started_jobs, monkeypatch):
    alice.post(f"/campaigns/{draft.id}/send/")
    started_jobs[0]()
    says = "mail server smtp://127.0.0.1:1 refuses: Connection refused"
    status = channels.SenderStatus("waiting", says, "", 0, 0, None)
    monkeypatch.setattr(channels, "get_sender_status", lambda: status)
    assert says in read_page(alice, draft)


def test_the_report_comes_when_the_last_mail_was_refused_for_good(draft, alice, started_jobs):
    alice.post(f"/campaigns/{draft.id}/send/")
    started_jobs[0]()
    Delivery.objects.update(state="failed", error_code="550", error="550 no such user")
    assert alice.get(f"/campaigns/{draft.id}/progress/")["HX-Refresh"] == "true"
    page = read_page(alice, draft)
    assert SENDING not in page
    assert page.count(escape(api.get_report(draft.id).statement)) == 1


def test_a_campaign_that_nobody_works_on_any_more_can_go_on(draft, alice, started_jobs):
    alice.post(f"/campaigns/{draft.id}/send/")
    Job.objects.filter(kind=build_job_kind(draft.id)).update(state="failed", message="The disk is full.")
    page = read_page(alice, draft)
    assert "The disk is full." in page
    assert "Go on" in page
    alice.post(f"/campaigns/{draft.id}/send/")
    assert len(started_jobs) == 2


def test_the_report_begins_when_the_mails_are_out(draft):
    api.send_campaign(draft.id, ALICE)
    report = api.get_report(draft.id)
    assert report.statement.startswith(SENDING)
    assert report.total is None
