"""`holds`: whether a tree of rules takes a customer at a moment."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tenure.segments.rules.base import Group, Node
from tenure.segments.tests.reference.histories import Customer, Event, World
from tenure.segments.tests.reference.values import compare, find, read_moment, read_number, read_text


def holds(node: Node, customer: Customer, now: datetime, world: World) -> bool:
    """`now` and every moment of the customer are naive UTC."""
    if isinstance(node, Group):
        answers = [holds(part, customer, now, world) for part in node.parts]
        return {"all": all(answers), "any": any(answers), "not": not answers[0]}[node.word]
    return _KINDS[node.kind](node, customer, now, world)


def find_today(customer: Customer, now: datetime, world: World) -> date:
    """Her own day: in her time zone, or the shop's where none is known."""
    name = customer.profile.facts.get("timezone")
    try:
        zone = ZoneInfo(name) if name in KNOWN_ZONES else ZoneInfo(world.zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo(world.zone)
    return now.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()


KNOWN_ZONES = {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC"}
"""Of which a lake under test knows the offsets."""


def is_inside(window: Any, at: datetime, now: datetime, world: World) -> bool:
    if at > now:
        return False
    if window.days is not None:
        return at > now - timedelta(days=window.days)
    if window.hours is not None:
        return at > now - timedelta(hours=window.hours)
    start, end = window.from_on, window.to_on
    return (start is None or at >= _midnight(start, world)) and (
        end is None or at < _midnight(end + timedelta(days=1), world)
    )


def _midnight(day: date, world: World) -> datetime:
    local = datetime.combine(day, time.min, ZoneInfo(world.zone))
    return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def meets(bound: Any, number: Any) -> bool:
    """Whether a number (None is unknown) meets a bound."""
    if number is None:
        return False
    checks = {
        "at_least": lambda wanted: number >= wanted,
        "at_most": lambda wanted: number <= wanted,
        "exactly": lambda wanted: number == wanted,
        "more_than": lambda wanted: number > wanted,
        "less_than": lambda wanted: number < wanted,
        "between": lambda wanted: wanted[0] <= number <= wanted[1],
    }
    given = {name: getattr(bound, name) for name in checks if getattr(bound, name) is not None}
    return all(checks[name](wanted) for name, wanted in given.items())


def passes(filters: Sequence[Any], look: Callable[[str], Any]) -> bool:
    return all(compare(one, look(one.property)) for one in filters)


def list_events(customer: Customer, name: str, filters: Sequence[Any]) -> list[Event]:
    return [
        event
        for event in customer.events
        if event.name == name and passes(filters, lambda path, event=event: find(event.properties, path))
    ]


def count_inside(rule: Any, moments: Iterable[datetime], now: datetime, world: World) -> bool:
    count = sum(is_inside(rule.window, at, now, world) for at in moments)
    return meets(rule.times, Decimal(count))


def _attribute(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    profile, name = customer.profile, rule.name
    value = profile.facts[name] if name in profile.facts else find(profile.traits, name)
    return compare(rule, _as_json(value), find_today(customer, now, world))


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _company(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    company_id, traits = customer.company or (None, {})
    value = company_id if rule.trait == "company_id" else find(traits, rule.trait)
    return compare(rule, value, find_today(customer, now, world))


def _event(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    moments = [event.at for event in list_events(customer, rule.event, rule.where)]
    if rule.occurrence == "any":
        return count_inside(rule, moments, now, world)
    past = [at for at in moments if at <= now]
    if not past:
        return False
    return is_inside(rule.window, min(past) if rule.occurrence == "first" else max(past), now, world)


def _bought(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    column = {"product": "product_id"}.get(rule.of, rule.of)
    wanted = rule.value if isinstance(rule.value, tuple) else (rule.value,)

    def is_it(text: str | None) -> bool:
        if text is None:
            return False
        match rule.operator:
            case "contains":
                return wanted[0] in text
            case "starts_with":
                return text.startswith(wanted[0])
        return text in wanted

    lines = [
        line
        for line in customer.lines
        if is_it(line.texts[column]) and is_inside(rule.window, line.at, now, world)
    ]
    if rule.measure == "orders":
        return meets(rule.bound, Decimal(len({line.order_id for line in lines})))
    if rule.measure == "quantity":
        return meets(rule.bound, sum((line.quantity for line in lines), Decimal(0)))
    return meets(rule.bound, sum((line.amount for line in lines if line.amount is not None), Decimal(0)))


def _visits(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    visits = [visit for visit in customer.visits if is_inside(rule.window, visit.at, now, world)]
    looks = [
        {
            **visit.texts,
            "pages": visit.pages,
            "minutes": str(Decimal((visit.ended_at - visit.at).total_seconds()) / 60),
        }
        for visit in visits
    ]
    found = [look for look in looks if passes(rule.where, look.get)]
    if rule.measure == "sessions":
        return meets(rule.bound, Decimal(len(found)))
    return meets(rule.bound, sum((read_number(look["minutes"]) or Decimal(0) for look in found), Decimal(0)))


def _total(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    if rule.property.startswith("products."):
        values = _list_line_values(rule, customer, now, world)
    else:
        values = [
            find(event.properties, rule.property)
            for event in list_events(customer, rule.event, rule.where)
            if is_inside(rule.window, event.at, now, world)
        ]
    if rule.function == "distinct":
        return meets(rule.bound, Decimal(len({text for text in map(read_text, values) if text is not None})))
    numbers = [number for number in map(read_number, values) if number is not None]
    match rule.function:
        case "sum":
            return meets(rule.bound, sum(numbers, Decimal(0)))
        case "min":
            return meets(rule.bound, min(numbers, default=None))
        case "max":
            return meets(rule.bound, max(numbers, default=None))
    return bool(numbers) and meets(_stretch(rule.bound, len(numbers)), sum(numbers))


class _stretch:
    """A bound times a number, so that an average is compared without dividing."""

    def __init__(self, bound: Any, times: int) -> None:
        for name in ("at_least", "at_most", "exactly", "more_than", "less_than"):
            value = getattr(bound, name)
            setattr(self, name, None if value is None else value * times)
        pair = bound.between
        self.between = None if pair is None else (pair[0] * times, pair[1] * times)


def _list_line_values(rule: Any, customer: Customer, now: datetime, world: World) -> list[Any]:
    values = []
    for line in customer.lines:
        look = {**line.texts, "quantity": line.quantity, "price": line.price, "amount": line.amount}
        shown = {name: _as_json(value) for name, value in look.items()}
        if is_inside(rule.window, line.at, now, world) and passes(
            rule.where, lambda name, shown=shown: shown[name.removeprefix("products.")]
        ):
            values.append(shown[rule.property.removeprefix("products.")])
    return values


def _sequence(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    without = [] if rule.without is None else list_events(customer, rule.without.event, rule.without.where)
    found = list_matched(
        list_events(customer, rule.first.event, rule.first.where),
        list_events(customer, rule.then.event, rule.then.where),
        without,
        timedelta(days=rule.days),
    )
    return count_inside(rule, [event.at for event in found], now, world)


def list_matched(
    firsts: list[Event], thens: list[Event], withouts: list[Event], most: timedelta
) -> list[Event]:
    """The `thens` that come after a first, soon enough, with nothing unwanted in between."""

    def is_after(one: Event, other: Event) -> bool:
        return (one.at, one.seq) > (other.at, other.seq)

    return [
        then
        for then in thens
        if any(
            is_after(then, first)
            and then.at <= first.at + most
            and not any(is_after(then, other) and is_after(other, first) for other in withouts)
            for first in firsts
        )
    ]


def _score(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    return meets(rule.bound, customer.profile.scores.get(rule.dimension))


def _stage(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    stage, since = customer.profile.stages.get(rule.model, (None, None))
    if stage not in rule.stages:
        return False
    if rule.entered_in_days is None:
        return True
    return since is not None and since > now - timedelta(days=rule.entered_in_days)


def _moved(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    ranks = world.find_stages(rule.model) or {}

    def is_it(before: str | None, after: str | None) -> bool:
        if before is None:
            return False
        if rule.from_stages and before not in rule.from_stages:
            return False
        if rule.to_stages and after not in rule.to_stages:
            return False
        if rule.direction is None:
            return True
        if before not in ranks or after not in ranks:
            return False
        return ranks[after] > ranks[before] if rule.direction == "up" else ranks[after] < ranks[before]

    moves = [move for move in customer.moves if move.model == rule.model and is_it(move.before, move.after)]
    return count_inside(rule, [move.at for move in moves], now, world)


def _segment(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    node = world.find_segment(rule.name)
    return node is not None and holds(node, customer, now, world)


def _list(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    list_id = world.find_list_id(rule.name)
    return any(place.list_id == list_id and place.at <= now for place in customer.places)


def _reachable(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    address = customer.profile.facts["email" if rule.channel == "email" else "phone"]
    if address is None or (rule.channel, address.strip().lower()) in world.suppressed:
        return False
    return rule.channel != "email" or customer.profile.opted_out_at is None


def _consent(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    given = [
        event
        for event in customer.events
        if event.name == "consent"
        and event.at <= now
        and read_text(event.properties.get("category")) == rule.purpose
    ]
    if not given:
        return False
    last = max(given, key=lambda event: (event.at, event.seq))
    until = read_moment(last.properties.get("valid_until"))
    return read_text(last.properties.get("action")) == "accept" and (until is None or until > now)


def _engagement(rule: Any, customer: Customer, now: datetime, world: World) -> bool:
    campaign_id = None if rule.campaign is None else world.find_campaign_id(rule.campaign)

    def is_of_campaign(found: Any) -> bool:
        return rule.campaign is None or (campaign_id is not None and read_number(found) == campaign_id)

    if rule.what in ("held_out", "skipped"):
        moments = [
            decision.at
            for decision in customer.decisions
            if decision.outcome == rule.what
            and is_of_campaign(decision.campaign_id)
            and rule.reason in (None, decision.reason)
        ]
        return count_inside(rule, moments, now, world)
    name = {"opened": "Email Opened", "clicked": "Email Link Clicked"}.get(rule.what, "Email Sent")
    events = [
        event
        for event in list_events(customer, name, ())
        if is_of_campaign(event.properties.get("campaign_id"))
    ]
    if rule.what == "bought":
        orders = list_events(customer, "Order Completed", ())
        found = list_matched(events, orders, [], timedelta(days=rule.days))
        return count_inside(rule, [event.at for event in found], now, world)
    if rule.what != "sent":
        events = [event for event in events if read_text(event.properties.get("is_bot")) != "true"]
    return count_inside(rule, [event.at for event in events], now, world)


_KINDS: dict[str, Callable[[Any, Customer, datetime, World], bool]] = {
    "attribute": _attribute,
    "company": _company,
    "event": _event,
    "bought": _bought,
    "visits": _visits,
    "total": _total,
    "sequence": _sequence,
    "score": _score,
    "stage": _stage,
    "moved": _moved,
    "segment": _segment,
    "list": _list,
    "reachable": _reachable,
    "consent": _consent,
    "engagement": _engagement,
}
