"""What is known of one customer, and of the world that rules refer to by name."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Event:
    """`name` as rules address it: the event of a track call, `Page Viewed`, `Screen Viewed`; None for other calls."""

    name: str | None
    at: datetime
    seq: int
    properties: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A product line in force of a paid order."""

    order_id: str
    at: datetime
    texts: dict[str, str | None]
    """product_id, sku, name, category, brand, variant"""
    quantity: Decimal
    price: Decimal | None

    @property
    def amount(self) -> Decimal | None:
        return None if self.price is None else self.price * self.quantity


@dataclass(frozen=True)
class Visit:
    at: datetime
    ended_at: datetime
    pages: int
    texts: dict[str, str | None]
    """source, medium, campaign, landing_page"""


@dataclass(frozen=True)
class Move:
    """A change of stage; `before` is None for the first."""

    model: str
    before: str | None
    after: str | None
    at: datetime


@dataclass(frozen=True)
class Decision:
    campaign_id: int
    at: datetime
    outcome: str
    reason: str | None


@dataclass(frozen=True)
class Place:
    list_id: int
    at: datetime


@dataclass
class Profile:
    """What Tenure keeps of her. `facts` by the names of attributes that are no traits."""

    traits: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    opted_out_at: datetime | None = None
    scores: dict[str, int | None] = field(default_factory=dict)
    stages: dict[str, tuple[str | None, datetime | None]] = field(default_factory=dict)
    """By model: the stage and since when."""


@dataclass
class Customer:
    profile: Profile = field(default_factory=Profile)
    events: list[Event] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    company: tuple[str, dict[str, Any]] | None = None
    """Its id and traits."""


@dataclass
class World:
    """What is the same for all customers."""

    zone: str = "UTC"
    segments: dict[str, Any] = field(default_factory=dict)
    """Trees of rules by name."""
    lists: dict[str, int] = field(default_factory=dict)
    campaigns: dict[str, int] = field(default_factory=dict)
    models: dict[str, dict[str, int]] = field(default_factory=dict)
    suppressed: set[tuple[str, str]] = field(default_factory=set)
    """(channel, address)"""

    def find_segment(self, name: str) -> Any:
        return self.segments.get(name)

    def find_list_id(self, name: str) -> int | None:
        return self.lists.get(name)

    def find_campaign_id(self, name: str) -> int | None:
        return self.campaigns.get(name)

    def find_stages(self, model: str) -> dict[str, int] | None:
        return self.models.get(model)
