from datetime import timedelta

import pytest

from tenure.base.errors import ConflictError, NotFoundError
from tenure.base.models import AuditEntry
from tenure.config.testing_postgresql import ON_EVERY_ENGINE
from tenure.customers import api as customers
from tenure.customers.models import Identifier, Merge, Separation
from tenure.customers.tests.tracked import NOON, alias, identify, order, send, track
from tenure.events import api as events
from tenure.lake import api as lakes

pytestmark = ON_EVERY_ENGINE


def find(identifier: str) -> customers.CustomerView:
    return customers.get_customer_by_identifier(identifier)


def merge(one: str, other: str) -> int:
    kept = customers.merge_customers(find(one).id, find(other).id, "mo@shop.example")
    events.wait_until_folded()
    return kept


def unmerge(merge_id: int) -> tuple[int, int]:
    apart = customers.unmerge(merge_id, "mo@shop.example")
    events.wait_until_folded()
    return apart


def last_merge(identifier: str) -> int:
    return customers.list_merges(find(identifier).id)[0].id


@pytest.fixture
def two(services: object) -> None:
    """Ann, who bought twice and opted out, and Bea, who bought once; both are known."""
    send(
        identify(NOON, userId="ann", email="ann@example.com", firstName="Ann", city="Bern"),
        order("o1", 40, userId="ann"),
        order("o2", 50, NOON + timedelta(hours=1), userId="ann"),
        track("Unsubscribed", NOON + timedelta(hours=2), userId="ann"),
        identify(NOON + timedelta(days=1), userId="bea", email="bea@example.com", firstName="Bea"),
        order("o3", 30, NOON + timedelta(days=2), userId="bea"),
        track("Subscribed", NOON + timedelta(days=3), userId="bea"),
    )


def test_two_known_customers_become_one_when_a_person_says_so(two: None) -> None:
    send(track("Page Seen", userId="ann", anonymousId="phone"))
    merge("bea", "ann")
    merged = find("ann")
    assert merged.id == find("bea").id
    assert (merged.customer_id, merged.order_count, float(merged.revenue)) == ("bea", 3, 120.0)
    assert merged.traits == {"email": "bea@example.com", "firstName": "Bea", "city": "Bern"}
    assert sorted(merged.identifiers["user_id"]) == ["ann", "bea"]
    assert merged.events[0].event == "Customer Merged"
    assert merged.events[0].properties["other"] == "ann"
    assert AuditEntry.objects.filter(verb="customer.merged", actor="mo@shop.example").exists()


def test_an_opt_out_of_either_survives_a_merge_until_she_subscribes_again(two: None) -> None:
    merge("bea", "ann")
    assert find("bea").email_opted_out_at == NOON + timedelta(hours=2)
    send(track("Subscribed", NOON + timedelta(days=5), userId="ann"))
    assert find("bea").email_opted_out_at is None


def test_a_preview_shows_what_the_merge_then_makes_and_changes_nothing(two: None) -> None:
    preview = customers.preview_merge(find("bea").id, find("ann").id)
    assert find("ann").id != find("bea").id
    assert customers.list_merges(find("bea").id) == []
    assert {choice.name: choice.merged for choice in preview.traits}["firstName"] == "Bea"
    assert preview.is_reachable is False
    assert "email_opted_out_at" in preview.as_dict()["merged"]
    merge("bea", "ann")
    made, told = find("bea"), preview.merged
    for name in ("traits", "order_count", "revenue", "segment", "r", "f", "m", "email_opted_out_at"):
        assert getattr(made, name) == getattr(told, name), name


def test_the_known_profile_survives_whichever_is_named_first(services: object) -> None:
    send(identify(anonymousId="phone", email="ann@example.com"), identify(userId="ann"))
    merge("phone", "ann")
    assert find("phone").customer_id == "ann"


def test_nobody_is_merged_with_herself(two: None) -> None:
    with pytest.raises(ConflictError):
        merge("ann", "ann")
    merge("ann", "bea")
    with pytest.raises(ConflictError):
        merge("ann", "bea")


def test_an_undone_merge_gives_both_their_own_history_back(two: None) -> None:
    before = {name: find(name) for name in ("ann", "bea")}
    merge("bea", "ann")
    send(order("o4", 70, NOON + timedelta(days=4), userId="ann"))
    source, root = unmerge(last_merge("bea"))
    ann, bea = find("ann"), find("bea")
    assert (ann.id, bea.id) == (source, root) == (before["ann"].id, before["bea"].id)
    assert (ann.order_count, float(ann.revenue)) == (3, 160.0)
    assert (bea.order_count, float(bea.revenue)) == (1, 30.0)
    assert (ann.traits, bea.traits) == (before["ann"].traits, before["bea"].traits)
    assert (ann.email_opted_out_at, bea.email_opted_out_at) == (NOON + timedelta(hours=2), None)
    assert bea.first_seen_at == before["bea"].first_seen_at
    assert [event.event for event in ann.events][:2] == ["Customer Unmerged", "Order Completed"]
    assert ann.segment is not None
    with pytest.raises(NotFoundError):
        customers.unmerge(10_000, "mo@shop.example")


def test_what_an_event_merged_by_itself_can_be_taken_apart_too(services: object) -> None:
    send(track("Page Seen", anonymousId="phone"))
    send(identify(userId="ann", email="ann@example.com"))
    send(track("Logged In", userId="ann", anonymousId="phone"))
    send(track("Page Seen", NOON + timedelta(hours=1), anonymousId="phone"))
    assert find("phone").id == find("ann").id
    unmerge(last_merge("ann"))
    assert [event.event for event in find("phone").events] == ["Customer Unmerged", "Page Seen", "Page Seen"]
    assert find("phone").customer_id == "phone"


def test_profiles_taken_apart_are_merged_again_by_a_person_only(services: object) -> None:
    send(track("Page Seen", anonymousId="phone"), identify(userId="ann"), identify(userId="bea"))
    send(track("Logged In", userId="ann", anonymousId="phone"))
    merge("ann", "bea")
    for identifier in ("ann", "ann"):
        unmerge(last_merge(identifier))
    send(track("Logged In", userId="ann", anonymousId="phone"), alias("ann", "bea"))
    assert len({find(name).id for name in ("ann", "bea", "phone")}) == 3
    merge("ann", "bea")
    assert find("ann").id == find("bea").id
    assert Separation.objects.filter(is_lifted=False).count() == 1


@pytest.mark.parametrize("undone", ["ann", "bea"])
def test_chains_of_merges_come_apart_at_either_link(services: object, undone: str) -> None:
    for number, name in enumerate(("ann", "bea", "cleo"), start=1):
        send(identify(userId=name, **{name: number}), order(f"o-{name}", number, userId=name))
    merge("bea", "ann")
    merge("cleo", "bea")
    merges = {view.identifiers[0]: view for view in customers.list_merges(find("cleo").id)}
    assert merges["bea"].identifiers == ("bea", "ann")
    unmerge(merges[undone].id)
    groups = {name: find(name).id for name in ("ann", "bea", "cleo")}
    revenue = {name: float(find(name).revenue) for name in groups}
    if undone == "ann":
        assert groups["bea"] == groups["cleo"] != groups["ann"]
        assert revenue == {"ann": 1, "bea": 5, "cleo": 5}
    else:
        assert groups["ann"] == groups["bea"] != groups["cleo"]
        assert revenue == {"ann": 3, "bea": 3, "cleo": 3}


def test_an_identifier_that_came_with_the_merged_one_goes_with_her(services: object) -> None:
    send(identify(userId="ann"), identify(userId="bea"))
    merge("bea", "ann")
    send(track("Logged In", userId="ann", anonymousId="tablet"))
    send(track("Page Seen", anonymousId="tablet"))
    unmerge(last_merge("bea"))
    assert find("tablet").id == find("ann").id != find("bea").id


def test_the_lake_follows_at_the_next_start_what_a_crash_left_in_the_ledger(two: None) -> None:
    kept = customers.merge_customers(find("bea").id, find("ann").id, "mo@shop.example")
    view = customers.list_merges(kept)[0]
    assert lakes.current().read_value(lakes.table("customers").count().as_table()) == 2
    customers.unmerge(view.id, "mo@shop.example")
    events.wait_until_folded()
    assert (find("ann").order_count, find("bea").order_count) == (2, 1)
    assert lakes.current().read_value(lakes.table("merges").count().as_table()) == 0


def test_consent_that_comes_late_does_not_undo_a_later_one(services: object) -> None:
    send(identify(userId="ann", email="ann@example.com"))
    send(track("Unsubscribed", NOON + timedelta(days=2), userId="ann"))
    send(track("Subscribed", NOON + timedelta(days=1), userId="ann"))
    assert find("ann").email_opted_out_at == NOON + timedelta(days=2)
    send(track("Subscribed", NOON + timedelta(days=3), userId="ann"))
    assert find("ann").email_opted_out_at is None


def test_a_merge_of_an_older_version_is_taken_apart_by_the_events_of_that_time(two: None) -> None:
    merge("bea", "ann")
    Identifier.objects.update(home_id=None)
    Merge.objects.update(first_into_customer_id=None)
    send(order("o4", 70, NOON + timedelta(days=4), userId="ann"))
    unmerge(last_merge("bea"))
    assert (find("ann").order_count, find("bea").order_count) == (3, 1)
    assert find("ann").identifiers["user_id"] == ["ann"]
