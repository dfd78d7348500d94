"""Campaigns that cannot go out: refused before anything is planned, or said to have failed."""

import pytest

from tenure.base.errors import TenureError
from tenure.campaigns import api
from tenure.campaigns.tests.conftest import make_definition
from tenure.channels import api as channels
from tenure.channels.models import Delivery

ACTOR = "marie@shop.example"
ENDLESS = "<p>Hello</p>\n{% for i in (1..100000000) %}x{% endfor %}"
GROWING = "{% assign n = 9 %}" + "{% assign n = n | times: n %}" * 30 + "<p>{{ n }}</p>"


@pytest.mark.parametrize("body", [ENDLESS, GROWING])
def test_a_mail_that_cannot_be_made_stays_a_draft_and_uses_nobody_up(shop, body):
    shop.add_customers(20)
    draft = api.create_campaign(make_definition(body=body), ACTOR)
    with pytest.raises(TenureError, match="line") as caught:
        api.send_campaign(draft.id, ACTOR)
    assert (caught.value.code, caught.value.field) == ("template_error", "body")
    assert api.get_campaign(draft.id).state == "draft"
    assert shop.list_decisions(draft.id) == {}


def test_one_customer_for_whom_it_fails_does_not_stop_the_others(shop):
    shop.add_customers(3, traits=lambda number: '{"many": 100000000}' if number == 1 else '{"many": 2}')
    body = "<p>{% for i in (1..customer.many) %}x{% endfor %}</p>"
    draft = api.create_campaign(make_definition(body=body), ACTOR)
    assert api.send_campaign(draft.id, ACTOR).state == "sending"


def test_a_campaign_for_nobody_is_still_tried(shop):
    draft = api.create_campaign(make_definition(body=ENDLESS), ACTOR)
    with pytest.raises(TenureError, match="line 2"):
        api.send_campaign(draft.id, ACTOR)


def test_a_campaign_whose_mails_all_failed_is_no_sent_one(campaign):
    Delivery.objects.update(state="failed", error_code="550", error="550 no such user")
    report = api.get_report(campaign.id)
    assert report.state == "failed"
    assert report.statement == ("No mail went out: all 20 mails failed. The reason of most: 550 no such user")
    assert report.total is None


def test_one_mail_sent_makes_it_a_sent_one(campaign):
    Delivery.objects.update(state="failed", error_code="550", error="550 no such user")
    Delivery.objects.filter(customer_id=1).update(state="sent")
    assert api.get_report(campaign.id).state == "sent"


def test_the_report_says_why_mails_wait(campaign, monkeypatch):
    assert "20 mails wait: no sender runs here" in api.get_report(campaign.id).statement
    status = channels.SenderStatus("waiting", "mail server refuses", "smtp://x:1", 0, 0, None)
    monkeypatch.setattr(channels, "get_sender_status", lambda: status)
    assert api.get_report(campaign.id).as_dict()["problem"] == "mail server refuses"


def test_what_is_on_its_way_is_listed(campaign):
    assert api.list_unfinished() == [("Spring", 20)]


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", " JaVa&#115;cript:x", "java\tscript:x", "data:text/html,x", "vbscript:x"]
)
def test_links_that_run_a_script_are_refused(href):
    with pytest.raises(TenureError, match="line 2") as caught:
        api.parse_definition(make_definition(body=f'<p>Hi</p>\n<p><a href="{href}">Look</a></p>'))
    assert (caught.value.code, caught.value.field) == ("bad_link", "body")


@pytest.mark.parametrize("href", ["mailto:a@b.de", "tel:+49301", "#top", "https://x.de/javascript:1"])
def test_harmless_links_are_taken(href):
    api.parse_definition(make_definition(body=f'<p><a href="{href}">Look</a></p>'))


def test_the_plan_says_which_links_are_not_counted(shop):
    shop.add_customers(3)
    body = '<a href="https://x.de/{{ customer.id }}">a</a> <a href="{{ unsubscribe_url }}">b</a>'
    notes = api.preview(api.parse_definition(make_definition(body=body))).notes
    assert len(notes) == 1
    assert "https://x.de/{{ customer.id }}" in notes[0]
    assert "unsubscribe_url" not in notes[0]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("a..b@x.de", "bad_address"),
        ("<svg@x.de", "bad_address"),
        ("a b@x.de", "bad_address"),
        ("a@x", "bad_address"),
        ("a@-x.de", "bad_address"),
        ("Anna.B+shop@X-y.example.com", None),
        ("a@b\u00fccher.de", None),
        ("o'neil@x.de", None),
    ],
)
def test_an_address_that_no_server_takes_is_left_out_before_the_draw(shop, address, reason):
    shop.add_customers(1, email=address)
    draft = api.create_campaign(make_definition(control_share=0.0), ACTOR)
    api.send_campaign(draft.id, ACTOR)
    assert shop.list_decisions(draft.id)[1][:2] == ("skipped" if reason else "planned", reason)


def test_the_same_salt_draws_the_same_control_group(shop):
    shop.add_customers(200)
    draws = []
    for name in ("One", "Two"):
        draft = api.create_campaign(make_definition(name=name, control_share=0.5), ACTOR, salt="fixed")
        api.send_campaign(draft.id, ACTOR)
        draws.append(shop.list_decisions(draft.id))
    assert draws[0] == draws[1]


@pytest.mark.parametrize("field", ["segment", "measure_days", "control_share", "unknown"])
def test_a_long_value_is_not_echoed(field):
    with pytest.raises(TenureError) as caught:
        api.parse_definition(make_definition(**{field: "x" * 5_000}))
    assert len(caught.value.message) < 600
    assert "x" * 150 not in caught.value.message
