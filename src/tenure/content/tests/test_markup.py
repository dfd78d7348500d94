"""From plain text to HTML and back, with Liquid left alone."""

import pytest

from tenure.content.api import body_to_html, html_to_text, is_html


@pytest.mark.parametrize("source", ["<p>Hi</p>", "a<br>b", "<!doctype html><p>x", "x <a href='y'>z</a>"])
def test_html_stays_as_it_is(source):
    assert is_html(source) and body_to_html(source) == source


@pytest.mark.parametrize(
    "source", ["a < b", "I <3 you", "mail <ann@example.com>", "{% if a < b %}x{% endif %}", "{{ '<p>' }}"]
)
def test_plain_text_is_not_taken_for_html(source):
    assert not is_html(source)


def test_paragraphs_lines_and_links():
    source = "Dear {{ name }} & co,\nhello\n\nSee (https://a.example/b?c=1&d=2). Bye!\n\n\n"
    assert body_to_html(source) == (
        "<p>Dear {{ name }} &amp; co,<br>\nhello</p>\n"
        '<p>See (<a href="https://a.example/b?c=1&amp;d=2">https://a.example/b?c=1&amp;d=2</a>). Bye!</p>'
    )


def test_tags_on_their_own_lines_make_no_paragraphs():
    source = "{% if vip %}\n\nDear guest\n\n{% endif %}\nBye"
    assert body_to_html(source) == "{% if vip %}\n<p>Dear guest</p>\n<p>{% endif %}\nBye</p>"


def test_html_becomes_readable_text():
    source = (
        "<html><head><title>T</title><style>p{}</style></head><body><h1>Hello  {{ name }}</h1>"
        "<p>Some <b>bold</b>\n text &amp; a <a href='https://a.example/{{ id }}'>link</a><br>next</p>"
        "<ul><li>one</li><li>two</li></ul><script>x()</script><img alt='Logo' src='x'>"
        "<a href='https://b.example'>https://b.example</a>{% if a < b %}!{% endif %}</body></html>"
    )
    assert html_to_text(source) == (
        "Hello {{ name }}\n\nSome bold text & a link (https://a.example/{{ id }})\nnext\n\n- one\n- two\n\n"
        "Logohttps://b.example{% if a < b %}!{% endif %}\n"
    )


def test_broken_html_still_gives_text():
    assert html_to_text("<p>a<b>c</p><div>d</span></a></pre>") == "ac\n\nd\n"
