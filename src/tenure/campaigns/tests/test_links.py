"""Links of a mail."""

import pytest

from tenure.campaigns.links import add_utm, collect_links

UTM = "utm_source=tenure&utm_medium=email&utm_campaign=spring"


def test_links_become_variables_in_order_and_the_same_address_once():
    found = collect_links(
        '<a href="https://a.example/">1</a><A class=x HREF=\'http://b.example/?q=1\'>2</A><a href="https://a.example/">3</a>',
        "spring",
    )
    assert found.urls == (f"https://a.example/?{UTM}", f"http://b.example/?q=1&{UTM}")
    assert found.html.count("{{ tenure_link_0 }}") == 2
    assert 'HREF="{{ tenure_link_1 }}"' in found.html


def test_the_plain_text_keeps_addresses_with_their_tags():
    found = collect_links('<a href="https://a.example/?x=1&amp;y=2">1</a>', "spring")
    assert (
        found.plain_html == f'<a href="https://a.example/?x=1&amp;y=2&amp;{UTM.replace("&", "&amp;")}">1</a>'
    )


@pytest.mark.parametrize(
    "href",
    [
        "mailto:a@b.example",
        "#top",
        "tel:+123",
        "/relative",
        "javascript:alert(1)",
        "{{ unsubscribe_url }}",
        "https://a.example/{{ customer.id }}",
        "https://[broken",
    ],
)
def test_what_is_no_fixed_web_address_is_left_alone(href):
    source = f'<a href="{href}">x</a>'
    found = collect_links(source, "spring")
    assert (found.html, found.urls) == (source, ())


def test_tags_that_are_there_stay():
    assert add_utm("https://a.example/?utm_source=mine#part", "spring") == (
        "https://a.example/?utm_source=mine&utm_medium=email&utm_campaign=spring#part"
    )
    whole = "https://a.example/?utm_source=a&utm_medium=b&utm_campaign=c"
    assert add_utm(whole, "spring") == whole


def test_images_are_no_links():
    source = '<img src="https://a.example/x.png"><link href="https://a.example/x.css">'
    assert collect_links(source, "spring").html == source
