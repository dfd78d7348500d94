"""Merging two customers on their page, and taking them apart again."""

import re

import pytest

from tenure.customers import api as customers


@pytest.fixture
def pair(shop) -> tuple[int, int]:
    return customers.find_customer_id("c8"), customers.find_customer_id("c9")


def test_a_person_sees_what_a_merge_makes_before_it_is_made(pair, marketer):
    one, other = pair
    page = marketer.get(f"/customers/{one}/merge/?other=c9").content.decode()
    assert "What the merge makes" in page
    assert customers.find_customer_id("c9") == other
    orders = [customers.get_customer(who, events=0).order_count for who in pair]
    assert f"<td>{sum(orders)}</td>" in page
    done = marketer.post(f"/customers/{one}/merge/", {"other": "c9"})
    assert done["Location"] == f"/customers/{one}/"
    assert customers.find_customer_id("c9") == one


def test_a_merge_is_undone_on_the_page_of_the_customer(pair, marketer):
    one, other = pair
    marketer.post(f"/customers/{one}/merge/", {"other": "c9"})
    page = marketer.get(f"/customers/{one}/").content.decode()
    number = re.search(r'name="merge" value="(\d+)"', page)[1]
    assert marketer.post(f"/customers/{one}/unmerge/", {"merge": number}).status_code == 302
    assert customers.find_customer_id("c9") == other
    assert "Taken apart" in marketer.get(f"/customers/{one}/").content.decode()


def test_whoever_is_not_there_or_is_the_same_is_said_on_the_page(pair, marketer):
    one, _ = pair
    for other, words in (("nobody", "Nobody is known as"), ("c8", "one customer already")):
        answer = marketer.get(f"/customers/{one}/merge/?other={other}")
        assert words in answer.content.decode()
        assert answer.status_code in (404, 409)
    assert marketer.post(f"/customers/{one}/unmerge/", {"merge": "x"}).status_code == 400


def test_a_viewer_merges_nobody(pair, viewer):
    one, _ = pair
    assert viewer.get(f"/customers/{one}/merge/").status_code == 403
    assert "Merge with" not in viewer.get(f"/customers/{one}/").content.decode()
