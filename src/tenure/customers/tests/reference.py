"""Who is who and what is known of each, the slow and obvious way: every event is looked at again each time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

USER, ANONYMOUS = "user_id", "anonymous_id"
Name = tuple[str, str]


@dataclass
class Happened:
    """One event; `profile` is the one it was put under."""

    number: int
    call: dict[str, Any]
    at: datetime
    profile: int
    owner: Name | None


@dataclass
class Reference:
    """The rules of identity, and profiles folded from the events that belong to them."""

    homes: dict[Name, int] = field(default_factory=dict)
    parents: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Merged profile to (whom it was merged into, number of the event that merged it)."""
    apart: list[tuple[int, int]] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    profiles: int = 0

    def root(self, profile: int) -> int:
        while profile in self.parents:
            profile = self.parents[profile][0]
        return profile

    def owner(self, name: Name) -> int | None:
        return self.root(self.homes[name]) if name in self.homes else None

    def is_known(self, profile: int) -> bool:
        return any(kind == USER and self.root(home) == profile for (kind, _), home in self.homes.items())

    def take(self, call: dict[str, Any], at: datetime) -> None:
        number = len(self.happened)
        user, anonymous, previous = (call.get(name) for name in ("userId", "anonymousId", "previousId"))
        if previous is not None and previous != user:
            self._alias(user, previous, number)
        self._claim(user, anonymous, number)
        owner = (USER, user) if user is not None else (ANONYMOUS, anonymous)
        profile = self.owner(owner)
        assert profile is not None
        self.happened.append(Happened(number, call, at, profile, owner))

    def merge(self, one: int, other: int) -> tuple[int, int]:
        source, target = (one, other) if self.is_known(other) and not self.is_known(one) else (other, one)
        self.apart = [pair for pair in self.apart if {self.root(pair[0]), self.root(pair[1])} != {one, other}]
        self.parents[source] = (target, len(self.happened))
        self._tell("Customer Merged", target)
        return source, target

    def unmerge(self, source: int) -> None:
        root = self.root(source)
        into, _ = self.parents.pop(source)
        self.apart.append((source, into))
        for event in self.happened:
            owner = self.owner(event.owner) if event.owner else None
            if owner is not None and owner != self.root(event.profile):
                event.profile = owner
        self._tell("Customer Unmerged", source)
        self._tell("Customer Unmerged", root)

    def fold(self, profile: int) -> dict[str, Any]:
        events = [event for event in self.happened if self.root(event.profile) == profile]
        events.sort(key=lambda event: (event.at, event.number))
        traits: dict[str, Any] = {}
        orders: dict[str, int] = {}
        for event in events:
            if event.call["type"] == "identify":
                traits |= event.call["traits"]
            if event.call.get("event") == "Order Completed":
                orders[event.call["properties"]["order_id"]] = event.call["properties"]["total"]
        seen = [event.at for event in events if event.owner is not None]
        return {
            "identifiers": sorted(
                value for (_, value), home in self.homes.items() if self.root(home) == profile
            ),
            "traits": traits,
            "messages": sorted(event.call["messageId"] for event in events if event.owner),
            "events": len(events),
            "orders": len(orders),
            "revenue": float(sum(orders.values())),
            "first_seen_at": min(seen, default=None),
            "last_seen_at": max(seen, default=None),
            "opted_out_at": self._find_opt_out(profile, events),
        }

    def _find_opt_out(self, profile: int, events: list[Happened]) -> datetime | None:
        last: dict[int, Happened] = {}
        for event in events:
            if event.call.get("event") in ("Subscribed", "Unsubscribed"):
                last[event.profile] = event
        own = last.pop(profile, None)
        outs = [own.at] if own and own.call["event"] == "Unsubscribed" else []
        for member, event in last.items():
            if event.call["event"] == "Unsubscribed":
                is_lifted = (
                    own is not None
                    and own.call["event"] == "Subscribed"
                    and own.number > self.parents[member][1]
                    and own.at >= event.at
                )
                if not is_lifted:
                    outs.append(event.at)
        return max(outs, default=None)

    def _alias(self, user: str, previous: str, number: int) -> None:
        known = {kind: self.owner((kind, previous)) for kind in (USER, ANONYMOUS)}
        customer = self.owner((USER, user))
        if customer is None:
            kind = next((kind for kind, found in known.items() if found is not None), None)
            self.homes[USER, user] = self.homes[kind, previous] if kind else self._make()
            customer = self.owner((USER, user))
        for kind, found in known.items():
            if found is None:
                self.homes[kind, previous] = self.homes[USER, user]
            elif self.root(found) != customer:
                self._join(self.root(found), customer, number)

    def _claim(self, user: str | None, anonymous: str | None, number: int) -> None:
        by_user = self.owner((USER, user)) if user is not None else None
        by_anonymous = self.owner((ANONYMOUS, anonymous)) if anonymous is not None else None
        if user is None:
            if by_anonymous is None:
                self.homes[ANONYMOUS, str(anonymous)] = self._make()
            return
        if by_user is None:
            takes = by_anonymous is not None and not self.is_known(by_anonymous)
            self.homes[USER, user] = self.homes[ANONYMOUS, str(anonymous)] if takes else self._make()
            by_user = self.owner((USER, user))
        if anonymous is None:
            return
        if by_anonymous is None:
            self.homes[ANONYMOUS, anonymous] = self.homes[USER, user]
        elif by_anonymous != by_user and not self.is_known(by_anonymous):
            self._join(by_anonymous, by_user, number)

    def _join(self, source: int, target: int | None, number: int) -> None:
        assert target is not None
        if all({self.root(a), self.root(b)} != {source, target} for a, b in self.apart):
            self.parents[source] = (target, number)

    def _make(self) -> int:
        self.profiles += 1
        return self.profiles

    def _tell(self, name: str, profile: int) -> None:
        at = self.happened[-1].at if self.happened else datetime.min.replace(tzinfo=UTC)
        call = {"type": "track", "event": name, "messageId": "own"}
        self.happened.append(Happened(len(self.happened), call, at, self.root(profile), None))
