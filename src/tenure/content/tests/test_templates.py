"""Templates: defaults, escaping, mistakes with their line, budgets, previews."""

from datetime import UTC, datetime

import pytest

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.content.api import (
    compute_undefined,
    compute_variables,
    parse_email,
    parse_template,
    preview_template,
)


def render(source: str, field: str = "body", **context) -> str:
    return parse_template(source, field).render(context)


@pytest.mark.parametrize(
    "context", [{}, {"customer": {}}, {"customer": {"first_name": None}}, {"customer": {"first_name": ""}}]
)
def test_a_default_stands_in_for_what_is_missing(context):
    assert render('Hi {{ customer.first_name | default: "there" }}', **context) == "Hi there"


def test_values_are_escaped_in_html_and_not_in_subjects():
    customer = {"first_name": "<b>Ann & Co"}
    assert render("<p>{{ customer.first_name }}</p>", customer=customer) == "<p>&lt;b&gt;Ann &amp; Co</p>"
    assert render("Hi {{ customer.first_name }}", "subject", customer=customer) == "Hi <b>Ann & Co"


def test_a_subject_stays_on_one_line():
    assert (
        render("Hi\n{{ name }}", "subject", name="Ann\r\nBcc: all@example.com")
        == "Hi Ann Bcc: all@example.com"
    )


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("one\n\n{% nonsense %}", 3, "nonsense"),
        ("one\n{{ a | nofilter }}", 2, "nofilter"),
        ("one\n{{ a.b", 2, "end of file"),
        ("{% if a %}\nb", 2, "endif"),
        ("one\n{% include 'x' %}", 2, "include"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_field(source, line, reason):
    with pytest.raises(TenureError) as caught:
        parse_template(source, "body")
    assert caught.value.code == "template_error" and caught.value.field == "body"
    assert f"line {line}:" in caught.value.message and reason in caught.value.message


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..300) %}{% for j in (1..300) %}x{% endfor %}{% endfor %}",
        "{% assign s = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}",
        "{% for i in (1..2000) %}{{ long }}{% endfor %}",
        '{{ long | replace: "", long }}',
        '{{ long | split: "" | join: long }}',
        "{{ 'now' | date: long }}",
    ],
)
def test_a_greedy_template_meets_its_budget(source):
    with pytest.raises(TenureError) as caught:
        render(source, long="x" * 5000)
    assert caught.value.code == "template_error"


def test_deep_nesting_is_refused():
    with pytest.raises(TenureError):
        parse_template("{% if a %}" * 500 + "{% endif %}" * 500, "body")


def test_money_and_dates():
    assert (
        render("{{ 12.5 | money }} {{ 3 | money: 'USD' }} {{ none | money }}{{ 'x' | money }}")
        == "€12.50 $3.00 x"
    )
    with clock.virtual(datetime(2026, 3, 1, tzinfo=UTC)):
        assert render("{{ 'now' | date: '%d.%m.%Y' }} {{ none | date: '%Y' }}") == "01.03.2026 "


def test_a_preview_shows_what_is_missing_with_its_line():
    source = (
        "{{ customer.first_name }}\n{{ a | default: 'x' }}{% if b %}{% endif %}\n{{ c }} {{ customer.city }}"
    )
    template = parse_template(source, "body")
    context = {"customer": {"city": "Rome"}}
    assert compute_undefined(template, context) == [("customer.first_name", 1), ("c", 3)]
    assert (
        preview_template(template, context)[0] == "[undefined: customer.first_name]\nx\n[undefined: c] Rome"
    )


def test_traits_appear_in_snake_case_too():
    variables = compute_variables({"firstName": "Ann", "address": {"postalCode": "1"}, "createdAt": "2026"})
    assert variables["first_name"] == variables["firstName"] == "Ann"
    assert variables["address"]["postal_code"] == "1" and variables["created_at"] == "2026"


def test_a_plain_text_mail_gets_html_and_an_html_mail_gets_text():
    mail = parse_email("Hi {{ name }}", "Hello {{ name }},\n\nsee https://shop.example/?id={{ id }}\nBye")
    shown = mail.render({"name": "<Ann>", "id": 7})
    assert shown.subject == "Hi <Ann>"
    assert shown.html == (
        "<p>Hello &lt;Ann&gt;,</p>\n"
        '<p>see <a href="https://shop.example/?id=7">https://shop.example/?id=7</a><br>\nBye</p>'
    )
    assert shown.text == "Hello <Ann>,\n\nsee https://shop.example/?id=7\nBye\n"


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [(" ", "x", "subject"), ("x", "", "body"), ("{{", "x", "subject"), ("x", "a\n{% if %}", "body")],
)
def test_a_mail_that_cannot_be_parsed_names_the_field(subject, body, field):
    with pytest.raises(TenureError) as caught:
        parse_email(subject, body)
    assert caught.value.field == field
