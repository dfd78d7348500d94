"""The card with the nearest way up on a customer's page."""

import html


def test_the_customer_page_says_the_next_step_up_or_why_there_is_none(shop, viewer):
    pages = [html.unescape(viewer.get(f"/customers/{number}/").content.decode()) for number in range(2, 9)]
    assert all("step up" in page for page in pages)
    assert any("moves this customer up to" in page for page in pages)
