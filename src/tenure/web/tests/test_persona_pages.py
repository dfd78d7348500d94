"""Personas: the computed profile, and its pages."""

import html
from decimal import Decimal

import pytest

from tenure.base import clock
from tenure.events import api as events
from tenure.lake import api as lakes
from tenure.segments import api as segments
from tenure.segments.definitions.counting import compile_members
from tenure.segments.definitions.definition import parse_segment
from tenure.segments.definitions.library import get_segment, save_segment
from tenure.segments.definitions.surroundings import look_around

PEOPLE = {
    "ada": ("DE", ["coffee", "tea"], ["Beans", "Mug"], 60),
    "bob": ("DE", ["coffee"], ["Beans"], 40),
    "cleo": ("FR", [], [], 0),
    "dan": ("FR", ["tea"], ["Leaves"], 10),
}


def tell(user: str, kind: str, event: str | None, number: int, **properties: object) -> events.NewEvent:
    return events.NewEvent(
        type=kind, event=event, user_id=user, properties=properties, occurred_at=clock.now(),
        message_id=f"{user}-{number}", source="test",
    )  # fmt: skip


def save(name: str, rule: dict[str, object], **persona: object) -> None:
    """A segment with its members, as the evaluation writes them."""
    save_segment(
        parse_segment({"name": name, "title": name.title(), "rule": rule, "persona": persona}), "ada"
    )
    slot = get_segment(name).slot
    members = compile_members(get_segment(name).segment.node, look_around())

    def write(tx: lakes.Transaction) -> None:
        tx.execute(f"CREATE OR REPLACE TEMP TABLE members_now AS {members}")
        tx.execute(
            "INSERT INTO memberships_delta BY NAME SELECT customer_id, "
            + ", ".join(f"0 AS w{number}" for number in range(lakes.MEMBERSHIP_WORDS))
            + " FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM memberships_delta)"
        )
        tx.execute(
            f"UPDATE memberships_delta SET w0 = w0 | {1 << slot} "
            "WHERE customer_id IN (SELECT customer_id FROM members_now)"
        )

    lakes.current().write(write)


@pytest.fixture
def personas(services: object) -> object:
    told = []
    for user, (country, likes, products, total) in PEOPLE.items():
        told.append(
            tell(
                user,
                "identify",
                None,
                0,
                email=f"{user}@example.com",
                country=country,
                likes=likes,
                plan="basic",
            )
        )
        if total:
            lines = [{"product_id": name, "name": name, "price": 5, "quantity": 1} for name in products]
            told.append(tell(user, "track", "Order Completed", 1, order_id=user, total=total, products=lines))
    events.append_batch(events.build_batch([event.as_row(clock.now()) for event in told]))
    segments.refresh()
    germans = {"kind": "attribute", "name": "country", "operator": "equals", "value": "DE"}
    buyers = {
        "kind": "attribute",
        "name": "order_count",
        "type": "number",
        "operator": "at_least",
        "value": 1,
    }
    save(
        "germans",
        germans,
        who="People in Germany",
        needs="Good coffee",
        traits=["country", "plan"],
        needs_trait="likes",
    )
    save("buyers", buyers, who="Who bought")
    return services


def test_a_profile_holds_the_members_against_everybody(personas, db):
    card = segments.compute_persona("germans")
    assert (card.count, card.total_count) == (2, 4)
    country = card.traits[0]
    assert [(one.name, one.count, one.share, one.everybody_share) for one in country.values] == [
        ("DE", 2, 1.0, 0.5)
    ]
    assert card.traits[1].values[0].name == "basic"
    measures = {one.name: (one.value, one.everybody) for one in card.behaviour}
    assert measures["Revenue"] == (Decimal("50.0"), Decimal("25.0"))
    assert measures["Paid orders"] == (Decimal("1.0"), Decimal("1.0"))


def test_needs_are_stated_preferences_and_top_products(personas, db):
    card = segments.compute_persona("germans")
    assert card.needs is not None
    assert [(one.name, one.count, one.everybody_share) for one in card.needs.values] == [
        ("coffee", 2, 0.5),
        ("tea", 1, 0.5),
    ]
    assert [(one.name, one.count, one.everybody_share) for one in card.products] == [
        ("Beans", 2, 0.5),
        ("Mug", 1, 0.25),
    ]


def test_overlap_with_other_personas_is_shown(personas, db):
    overlap = segments.compute_persona("germans").overlaps[0]
    assert (overlap.name, overlap.count, overlap.share) == ("buyers", 2, 1.0)
    assert segments.compute_persona("buyers").overlaps[0].share == pytest.approx(2 / 3)


def test_the_pages_show_all_personas_and_one_card(personas, viewer):
    page = html.unescape(viewer.get("/segments/personas/").content.decode())
    assert "People in Germany" in page
    assert "3 customers" in page
    assert "Computing the profile" in viewer.get("/segments/personas/germans/").content.decode()
    card = html.unescape(viewer.get("/segments/personas/germans/card/").content.decode())
    for text in ("Good coffee", "coffee", "Beans", "Buyers", "2 customers of 4", "100%"):
        assert text in card
    assert viewer.get("/segments/personas/nobody/card/").status_code == 404


def test_without_personas_the_page_says_how_to_make_one(services, viewer):
    assert "No personas yet" in viewer.get("/segments/personas/").content.decode()
