import json
from datetime import timedelta
from typing import Any

import pytest

from tenure.base.audit import record_audit
from tenure.base.errors import NotFoundError
from tenure.base.models import AuditEntry
from tenure.channels.models import Delivery
from tenure.customers import api as customers
from tenure.customers import erasing
from tenure.customers.erasing_lake import BY_OTHER_COLUMNS, NOTHING_PERSONAL, list_personal_tables
from tenure.customers.models import Erasure, HashedSuppression, Identifier, Suppression
from tenure.customers.tests.tracked import NOON, identify, order, send, track
from tenure.events import api as events
from tenure.events.tracking import decode_batch
from tenure.lake import api as lakes
from tenure.lake.schema import TABLES

ADDRESS = "ann@shop.example"


def find(identifier: str) -> customers.CustomerView:
    return customers.get_customer_by_identifier(identifier)


def erase(identifier: str) -> customers.Receipt:
    return customers.erase_customer(find(identifier).id, "mo@shop.example")


def count_rows_of(ids: tuple[int, ...]) -> dict[str, int]:
    lake = lakes.current()
    counts = {}
    for name in list_personal_tables():
        table = lakes.table(name)
        counts[name] = int(lake.read_value(table.filter(table.customer_id.isin(ids)).count().as_table()))
    return {name: count for name, count in counts.items() if count}


@pytest.fixture
def two(services: object) -> None:
    """Ann, known by two profiles that were merged, and Bea, who once used Ann's browser."""
    send(track("Page Seen", anonymousId="browser-of-ann"))
    send(
        identify(
            userId="customer-ann", anonymousId="browser-of-ann", email="ANN@shop.example", name="Ann Person"
        ),
        order("o1", 40, NOON + timedelta(hours=1), userId="customer-ann"),
    )
    send(identify(userId="old-ann", email="older@shop.example"))
    send(
        identify(userId="customer-bea", email="bea@shop.example", anonymousId="browser-of-ann"),
        order("o2", 30, userId="customer-bea"),
    )
    customers.merge_customers(find("customer-ann").id, find("old-ann").id, "mo@shop.example")
    events.wait_until_folded()
    ids = {"campaign_id": 1, "customer_id": find("customer-ann").id}
    Delivery.objects.create(**ids, channel="email", address=ADDRESS, state="sent")
    record_audit("mo@shop.example", "campaign.tested", ADDRESS, to=ADDRESS, name="Spring")


def test_every_table_of_the_lake_is_erased_from_or_holds_nothing_personal() -> None:
    known = {*list_personal_tables(), *NOTHING_PERSONAL, *BY_OTHER_COLUMNS}
    assert set(TABLES) == known, "name the table in erasing_lake, or give it a customer_id"


def test_nothing_is_left_of_an_erased_customer_and_of_those_merged_into_her(two: None) -> None:
    ids = tuple(
        sorted(
            {
                find("customer-ann").id,
                *(m.from_customer_id for m in customers.list_merges(find("old-ann").id)),
            }
        )
    )
    assert len(ids) == 2
    bea = find("customer-bea")
    receipt = erase("old-ann")
    assert sorted(receipt.customer_ids) == list(ids)
    assert receipt.left == ()
    assert receipt.removed["channels: deliveries"] == 1
    assert receipt.removed["ledger: identifiers"] == 3
    assert count_rows_of(ids) == {}
    assert not Identifier.objects.filter(customer_id__in=ids).exists()
    assert not Delivery.objects.filter(customer_id__in=ids).exists()
    for word in (ADDRESS, "older@shop.example", "customer-ann"):
        assert word not in json.dumps(receipt.as_dict())
    with pytest.raises(NotFoundError):
        find("customer-ann")
    after = find("customer-bea")
    assert (after.traits, after.order_count, after.event_count) == (bea.traits, 1, 2)
    entry = AuditEntry.objects.get(verb="campaign.tested")
    assert (entry.subject, entry.detail) == ("erased customer", {"to": "erased customer", "name": "Spring"})


def test_whoever_did_not_want_mail_is_left_in_peace_when_her_address_comes_back(two: None) -> None:
    customers.suppress("email", ADDRESS, "unsubscribed")
    erase("customer-ann")
    assert not Suppression.objects.filter(address=ADDRESS).exists()
    assert ADDRESS not in str(HashedSuppression.objects.values())
    send(identify(userId="imported-later", email=ADDRESS))
    assert customers.list_suppressed("email", [ADDRESS, "bea@shop.example"]) == {ADDRESS}
    assert customers.is_suppressed("email", "Ann@Shop.example ")
    assert not customers.is_suppressed("email", "bea@shop.example")


def test_a_mail_to_a_hashed_address_is_not_handed_off(two: None) -> None:
    from tenure.channels import outbox

    customers.suppress("email", ADDRESS, "complaint")
    erase("customer-ann")
    row = Delivery.objects.create(
        campaign_id=2, customer_id=99, channel="email", address="Ann@shop.example", state="claimed"
    )
    assert outbox.mark_handed_off([row.pk]) == set()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("cancelled", "complaint")


def test_events_that_come_later_make_a_new_profile_and_a_number_brings_nobody_back(two: None) -> None:
    old = find("customer-ann").id
    erase("customer-ann")
    events.record(events.NewEvent("track", "Email Opened", {}, NOON, customer_id=old))
    send(track("Page Seen", userId="customer-ann"))
    view = find("customer-ann")
    assert view.id not in (old,)
    assert (view.event_count, view.traits) == (1, {})
    assert count_rows_of((old,)) == {}


def test_what_waits_in_the_inbox_is_dropped_too(two: None) -> None:
    calls = [track("Page Seen", userId="customer-ann"), track("Page Seen", userId="customer-bea")]
    rows = decode_batch(json.dumps({"batch": calls}).encode(), NOON, "test", False, True).rows
    inbox = events.current().inbox
    inbox.accept_and_wait(len(rows), events.encode_rows(rows))
    with events.paused():
        counts = events.erase_waiting([find("customer-ann").id], ["customer-ann"])
    assert counts == {"waiting events": 1}
    events.wait_until_folded()
    assert find("customer-bea").event_count == 3
    assert find("customer-ann").event_count == 5


@pytest.mark.parametrize("step", ["_erase_in_ledger", "_overwrite", "delete_from_lake", "find_leftovers"])
def test_an_interrupted_erasure_is_finished_at_the_next_start(
    two: None, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    ids = (find("customer-ann").id, *(m.from_customer_id for m in customers.list_merges(find("old-ann").id)))
    whole = getattr(erasing, step)

    def crash(*given: Any) -> Any:
        if step != "find_leftovers":
            whole(*given)
        raise RuntimeError("the process was killed")

    monkeypatch.setattr(erasing, step, crash)
    with pytest.raises(RuntimeError):
        erase("customer-ann")
    monkeypatch.setattr(erasing, step, whole)
    assert Erasure.objects.filter(finished_at=None).count() == 1
    assert customers.resume_erasures() == 1
    receipt = customers.get_receipt(Erasure.objects.get().pk)
    assert receipt.left == ()
    assert receipt.finished_at is not None
    assert Erasure.objects.get().subject is None
    assert count_rows_of(ids) == {}
    assert customers.resume_erasures() == 0


def test_what_another_customer_shares_is_reported_as_left(two: None) -> None:
    send(identify(userId="customer-cleo", email=ADDRESS))
    receipt = erase("customer-ann")
    places = {row["where"] for row in receipt.left}
    assert {"lake events.properties", "lake customers_delta.email"} <= places
    assert all(row["kind"] in ("address", "address or identifier") for row in receipt.left)
    assert find("customer-cleo").email == ADDRESS


def test_who_is_called_nearly_the_same_is_no_leftover(two: None) -> None:
    send(identify(userId="customer-ann2", email="joann@shop.example"))
    receipt = erase("customer-ann")
    assert receipt.left == ()
    assert find("joann@shop.example").customer_id == "customer-ann2"


def test_whoever_was_taken_apart_from_her_is_told_of_nobody(two: None) -> None:
    customers.unmerge(customers.list_merges(find("old-ann").id)[0].id, "mo@shop.example")
    events.wait_until_folded()
    receipt = erase("customer-ann")
    assert receipt.left == ()
    assert find("old-ann").events[0].properties["other"] == "erased customer"
