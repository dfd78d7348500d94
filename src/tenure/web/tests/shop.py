"""A small shop for the pages: about a year, a few hundred customers, every segment and every kind of event."""

import random
from datetime import datetime, timedelta

from tenure.base import clock
from tenure.events import api as events
from tenure.segments import api as segments

NAMES = ("Ada", "Bob", "Charlie", "Dana", "Emil", "Freya", "Grace", "Hugo", "Ines", "Jan")
LAST_NAMES = ("Lovelace", "Jensen", "Kaya", "Okafor", "Tanaka", "Weber", "Moreau", "Silva", "Nowak", "Rossi")
BEANS = ("Ethiopia Guji 250 g", "House blend 1 kg", "Decaf 250 g", "Filter papers")


def fill_shop(customers_count: int = 260, seed: int = 7) -> None:
    """Put the shop through the pump's own append, then score it."""
    chance, now = random.Random(seed), clock.now()
    rows = []
    for number in range(1, customers_count + 1):
        rows += _live(number, chance, now)
    events.append_batch(events.build_batch([event.as_row(now) for event in rows]))
    segments.refresh()


def _live(number: int, chance: random.Random, now: datetime) -> list[events.NewEvent]:
    """One customer's events: a visit, perhaps an address, perhaps orders at a pace of her own."""
    first = now - timedelta(days=chance.uniform(2, 360))
    user, told = f"c{number}", []

    def tell(kind: str, name: str | None, at: datetime, /, **properties: object) -> None:
        if at < now:
            told.append(
                events.NewEvent(
                    type=kind, event=name, user_id=user, anonymous_id=None, customer_id=None,
                    properties=properties, occurred_at=at, message_id=f"{user}-{len(told)}",
                )
            )  # fmt: skip

    tell("page", "Home", first, path="/")
    tell("track", "Product Viewed", first + timedelta(minutes=1), name=chance.choice(BEANS), price=12.5)
    if number % 7 == 0:
        return told
    name, last = chance.choice(NAMES), chance.choice(LAST_NAMES)
    email = f"{name}.{last}{number}@example.com".lower()
    tell("identify", None, first + timedelta(minutes=2), firstName=name, lastName=last, email=email,
         address={"country": chance.choice(("DE", "FR", "US", "SE"))})  # fmt: skip
    if number % 5 == 0:
        return told
    pace, left, at = chance.uniform(12, 70), chance.choice((1, 1, 2, 3, 5, 9)), first + timedelta(hours=3)
    for order in range(left):
        total = round(chance.uniform(9, 90), 2)
        products = [{"product_id": "p1", "name": chance.choice(BEANS), "price": total, "quantity": 1}]
        tell(
            "track",
            "Order Completed",
            at,
            order_id=f"{number}-{order}",
            total=total,
            currency="EUR",
            products=products,
        )
        at += timedelta(days=chance.expovariate(1 / pace) + 1)
    if number % 11 == 0:
        tell("track", "Order Refunded", first + timedelta(days=1), order_id=f"{number}-0")
    if number % 13 == 0:
        tell("track", "Email Opened", first + timedelta(days=2), email_subject="Welcome")
    return told
