"""The mail as sent, and what is wrong with the names in it."""

import pytest

from tenure.campaigns import api
from tenure.campaigns.mail_preview import show_subject
from tenure.campaigns.tests.conftest import make_definition


def preview(body, subject="Hello", customer_id=1, **more):
    return api.compute_mail_preview("Spring", subject, body, customer_id, **more)


@pytest.fixture(autouse=True)
def people(shop):
    shop.add_customers(3, traits=lambda n: '{"firstName":"Ada","shoeSize":38}' if n < 3 else '{"hat":"x"}')


def test_the_preview_has_the_footer_and_the_way_out():
    html = preview("<p>Hi</p>").html
    assert "You get this mail from The Shop" in html
    assert ">Unsubscribe</a>" in html


def test_a_body_with_its_own_way_out_gets_no_second_one():
    html = preview('<p><a href="{{ unsubscribe_url }}">Enough</a></p>').html
    assert "You get this mail from" not in html


@pytest.mark.parametrize("link", ['"https://a.example/"', "'https://a.example/'", "https://a.example/"])
def test_links_lead_nowhere(link):
    html = preview(f"<p><a class=x href={link}>Look</a></p>").html
    assert "a.example" not in html
    assert '<a class=x href="#">Look</a>' in html


def test_the_preview_asks_for_no_pixel():
    assert "/t/o/" not in preview("<p>Hi</p>").html


def test_a_mail_that_was_sent_shows_nothing_where_nothing_is_known():
    assert "[undefined" in preview("<p>{{ customer.hat }}</p>").html
    assert "[undefined" not in preview("<p>{{ customer.hat }}</p>", is_draft=False).html


def test_a_field_that_others_have_wants_a_default():
    warning = preview("<p>\n{{ customer.hat }}</p>").warning
    assert "Not known of this person: customer.hat (line 2)" in warning
    assert "Give a default" in warning


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("customer.first_nam", "customer.first_name"),
        ("customer.first_nam | default: 'you'", "customer.first_name"),
        ("customer.shoe_siz", "customer.shoe_size"),
        ("first_name", "customer.first_name"),
        ("custmer.first_name", "customer.first_name"),
        ("unsubscribe_ur", "unsubscribe_url"),
    ],
)
def test_a_typing_error_is_told_from_what_is_not_known(written, meant):
    warning = preview(f"<p>{{{{ {written} }}}}</p>").warning
    assert f"there is no such field; did you mean {meant}?" in warning
    assert "Give a default" not in warning


def test_a_name_like_no_other_is_only_unknown():
    assert preview("<p>{{ customer.zzzz }}</p>").warning == "customer.zzzz (line 1): there is no such field."


def test_a_typing_error_in_the_subject_is_found_too():
    assert "first_name?" in preview("<p>Hi</p>", subject="{{ customer.first_nam }}").warning


def test_what_is_right_gives_no_warning():
    body = (
        "{% assign who = customer.first_name %}{% for x in (1..2) %}{{ x }}{{ who }}{% endfor %}{{ company }}"
    )
    assert preview(f"<p>{body}</p>").warning == ""


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('{{ customer.first_name | default: "there" }}, hello', "there, hello"),
        ("{{ customer.first_name }}, hello", "(first name), hello"),
        ("News of {{ company }}", "News of The Shop"),
        ("{{ broken", "{{ broken"),
    ],
)
def test_a_subject_in_the_list_reads_as_words(written, shown):
    assert show_subject("Spring", written) == shown


def test_who_got_another_campaign_lately_is_counted(shop):
    shop.add_customers(10, first_id=100, segment="Loyal Customers")
    assert api.compute_plan_preview("everyone", 0.1, 14).contacted_sentence == ""
    first = api.create_campaign(make_definition(segment="Loyal Customers", control_share=0.0), "ada")
    api.send_campaign(first.id, "ada")
    assert api.compute_plan_preview("everyone", 0.1, 14).contacted_sentence == (
        "10 of this audience got another campaign in the last 7 days."
    )
    assert api.compute_plan_preview("Champions", 0.1, 14).contacted_lately_count == 0
    shop.time.advance(days=8)
    assert api.compute_plan_preview("everyone", 0.1, 14).contacted_lately_count == 0
