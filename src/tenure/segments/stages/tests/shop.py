"""A small business that sends every event that a preset asks for: a shop, a subscription and a practice in one."""

import random
from datetime import datetime, timedelta

from tenure.base import clock
from tenure.events import api as events
from tenure.segments import api as segments

WEIGHTED = (
    ("Product Viewed", 0.5), ("Product Added", 0.3), ("Checkout Started", 0.25), ("Product Reviewed", 0.1),
    ("Product Shared", 0.05), ("Invite Sent", 0.1), ("Trial Started", 0.2), ("Onboarding Started", 0.15),
    ("Feature Used", 0.4), ("Subscription Started", 0.15), ("Subscription Renewed", 0.08),
    ("Subscription Cancelled", 0.05), ("Patient Registered", 0.2), ("Appointment Booked", 0.3), ("Intake Completed", 0.2),
    ("Appointment Attended", 0.3), ("Referral Made", 0.08), ("Feedback Given", 0.1),
)  # fmt: skip


def tell(
    user: str, kind: str, event: str | None, at: datetime, number: int, **properties: object
) -> events.NewEvent:
    return events.NewEvent(
        type=kind, event=event, user_id=user, anonymous_id=None, customer_id=None, properties=properties,
        occurred_at=at, message_id=f"{user}-{number}", source="test",
    )  # fmt: skip


def live(number: int, chance: random.Random, now: datetime) -> list[events.NewEvent]:
    """One customer: visits, perhaps an address, orders, mails, and events of every kind."""
    first, user, told = now - timedelta(days=chance.uniform(1, 500)), f"c{number}", []

    def say(kind: str, event: str | None, at: datetime, /, **properties: object) -> None:
        if at < now:
            told.append(tell(user, kind, event, at, len(told), **properties))

    span = now - first
    for _ in range(chance.randrange(1, 5)):
        at = first if not told else first + span * chance.random()
        say("page", "Home", at)
        say("page", "Shop", at + timedelta(minutes=chance.randrange(1, 20)))
    if chance.random() < 0.6:
        say("identify", None, first + timedelta(minutes=3), email=f"c{number}@example.com")
    for event, share in WEIGHTED:
        while chance.random() < share:
            say(
                "track",
                event,
                first + timedelta(minutes=5) + span * chance.random(),
                rating=chance.randrange(11),
            )
    if chance.random() < 0.5:
        for order in range(chance.randrange(1, 7)):
            at = first + timedelta(hours=1) + span * chance.random()
            say("track", "Order Completed", at, order_id=f"{number}-{order}", total=chance.randrange(5, 90))
    for mail in range(chance.randrange(3)):
        at = now - timedelta(days=chance.uniform(0, 60))
        say("track", "Email Sent", at, delivery_id=f"{number}-{mail}", campaign_id=1)
        if chance.random() < 0.3:
            bot = chance.random() < 0.2
            say(
                "track",
                "Email Link Clicked",
                at + timedelta(hours=1),
                delivery_id=f"{number}-{mail}",
                is_bot=bot,
            )
    return told


def append(told: list[events.NewEvent]) -> None:
    now = clock.now()
    events.append_batch(events.build_batch([event.as_row(now) for event in told]))


def fill(customers_count: int = 70, seed: int = 5) -> None:
    """Fill the lake of the running services and score everybody."""
    chance, now = random.Random(seed), clock.now()
    append([event for number in range(1, customers_count + 1) for event in live(number, chance, now)])
    segments.refresh()
