"""A file of all that is known of a customer, and erasing one, on the pages."""

import json

from tenure.base.models import AuditEntry
from tenure.customers import api as customers


def test_a_marketer_gets_a_file_of_all_that_is_known(shop, marketer):
    number = customers.find_customer_id("c8")
    answer = marketer.get(f"/customers/{number}/export.json")
    assert "attachment" in answer["Content-Disposition"]
    document = json.loads(b"".join(answer.streaming_content))
    assert document["customer_id"] == "c8"
    assert len(document["events"]) == customers.get_customer(number, events=0).event_count
    assert AuditEntry.objects.filter(verb="customer.exported", subject=str(number)).exists()


def test_an_admin_erases_by_typing_the_id_and_gets_a_receipt(shop, admin):
    number = customers.find_customer_id("c8")
    assert "c8" in admin.get(f"/customers/{number}/erase/").content.decode()
    assert admin.post(f"/customers/{number}/erase/", {"typed": "c9"}).status_code == 400
    assert customers.find_customer_id("c8") == number
    done = admin.post(f"/customers/{number}/erase/", {"typed": "c8"})
    page = admin.get(done["Location"]).content.decode()
    assert "a customer was erased" in page
    assert "lake: events" in page
    assert customers.find_customer_id("c8") is None
    assert admin.get(f"/customers/{number}/").status_code == 404


def test_only_an_admin_erases(shop, marketer):
    number = customers.find_customer_id("c8")
    assert marketer.get(f"/customers/{number}/erase/").status_code == 403
    assert "Erase" not in marketer.get(f"/customers/{number}/").content.decode()
