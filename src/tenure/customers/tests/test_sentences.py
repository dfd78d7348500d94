import pytest

from tenure.customers.sentences import describe_event


@pytest.mark.parametrize(
    ("kind", "event", "properties", "title", "detail"),
    [
        ("track", "Order Completed", {"order_id": "7", "total": 12.5, "products": [{"name": "Beans"}]}, "Placed order 7", "Beans, €12.50"),
        ("track", "Order Completed", {"order_id": "7", "revenue": 9, "currency": "USD"}, "Placed order 7", "$9.00"),
        ("track", "Order Refunded", {"order_id": "7"}, "Order 7 was refunded in full", ""),
        ("track", "Order Refunded", {"order_id": "7", "total": 3}, "Got €3.00 back for order 7", ""),
        ("track", "Product Viewed", {"name": "Beans", "price": 3}, "Looked at Beans", "€3.00"),
        ("track", "Email Opened", {"email_subject": "Hi", "is_bot": True}, "Opened the mail “Hi”", "probably a machine, not the person"),
        ("track", "Stage Changed", {"model": "lifecycle", "from": "Loyal", "to": "At Risk", "direction": "down"}, "Moved from Loyal to At Risk", ""),
        ("track", "Segment Entered", {"segment": "keen", "title": "Keen"}, "Entered the segment Keen", ""),
        ("track", "Something New", {"a": 1, "b": {"c": 2}}, "Something New", "a: 1"),
        ("page", "Home", {"path": "/"}, "Visited Home", "/"),
        ("page", None, {}, "Visited a page", ""),
        ("identify", None, {"email": "a@b.c"}, "Became known", "Told us email"),
        ("screen", None, {}, "Opened a screen in the app", ""),
        ("alias", None, {}, "Two identifiers were joined", ""),
    ],
)  # fmt: skip
def test_events_are_said_as_a_person_would(kind, event, properties, title, detail):
    sentence = describe_event(kind, event, properties, "EUR")
    assert (sentence.title, sentence.detail) == (title, detail)


@pytest.mark.parametrize("total", ["NaN", "twelve", None, [], {"a": 1}, True])
def test_broken_amounts_do_not_break_the_sentence(total):
    sentence = describe_event(
        "track", "Order Completed", {"order_id": None, "total": total, "products": "x"}, "EUR"
    )
    assert sentence.title == "Placed order"
