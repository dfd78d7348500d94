import itertools
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.customers import api as customers
from tenure.customers.models import Merge
from tenure.customers.tests.reference import ANONYMOUS, USER, Reference
from tenure.customers.tests.tracked import NOON, alias, identify, order, send, track
from tenure.events import api as events

USERS, ANONYMOUS_IDS = ("u1", "u2", "u3"), ("a1", "a2", "a3")
NAMES = [(USER, name) for name in USERS] + [(ANONYMOUS, name) for name in ANONYMOUS_IDS]
ids = st.tuples(st.sampled_from((None, *USERS)), st.sampled_from((None, *ANONYMOUS_IDS))).filter(any)
hours = st.integers(0, 40)
steps = st.one_of(
    st.tuples(st.just("identify"), ids, hours, st.sampled_from(("city", "size")), st.integers(1, 5)),
    st.tuples(st.just("alias"), st.sampled_from(USERS), st.sampled_from(USERS + ANONYMOUS_IDS), hours).filter(
        lambda step: step[1] != step[2]
    ),
    st.tuples(st.just("order"), ids, hours, st.integers(1, 4), st.integers(1, 90)),
    st.tuples(st.just("track"), ids, hours, st.sampled_from(("Seen", "Unsubscribed", "Subscribed"))),
    st.tuples(st.just("merge"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("unmerge"), st.integers(0, 9)),
    st.tuples(st.just("unmerge"), st.integers(0, 9)),
)
_numbers = itertools.count(1)


class Run:
    """One history, told to Tenure and to the reference."""

    def __init__(self) -> None:
        self._suffix = f"-{next(_numbers)}"
        self.reference = Reference()
        self._merges: dict[int, int] = {}

    def do(self, step: tuple[Any, ...]) -> None:
        kind, *rest = step
        if kind == "merge":
            self._merge(*rest)
        elif kind == "unmerge":
            self._unmerge(*rest)
        else:
            self._send(kind, *rest)

    def check(self) -> None:
        for name in self.reference.homes:
            profile = self.reference.owner(name)
            assert profile is not None
            view = customers.get_customer(self._find(name), 500)
            told = [event for event in view.events if event.source == "test"]
            assert {
                "identifiers": sorted(view.identifiers["user_id"] + view.identifiers["anonymous_id"]),
                "traits": view.traits,
                "messages": sorted(event.message_id for event in told),
                "events": view.event_count,
                "orders": view.order_count,
                "revenue": float(view.revenue),
                "first_seen_at": view.first_seen_at,
                "last_seen_at": view.last_seen_at,
                "opted_out_at": view.email_opted_out_at,
            } == self.reference.fold(profile)

    def _send(self, kind: str, *rest: Any) -> None:
        if kind == "alias":
            user, previous, hour = rest
            fields = {"user_id": user + self._suffix, "previous_id": previous + self._suffix}
            at = NOON + timedelta(hours=hour)
            call = alias(**fields, at=at)
        else:
            (user, anonymous), hour, *more = rest
            named = {"userId": user, "anonymousId": anonymous}
            fields = {name: value + self._suffix for name, value in named.items() if value}
            at = NOON + timedelta(hours=hour)
            if kind == "identify":
                call = identify(at, **fields, **{more[0]: more[1]})
            elif kind == "order":
                call = order(f"o{more[0]}{self._suffix}", more[1], at, **fields)
            else:
                call = track(more[0], at, **fields)
        send(call)
        self.reference.take(call, at)

    def _merge(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        pair = [(kind, value + self._suffix) for kind, value in (one, other)]
        if not all(name in self.reference.homes for name in pair):
            return
        profiles = [self.reference.owner(name) for name in pair]
        if profiles[0] == profiles[1]:
            return
        customers.merge_customers(self._find(pair[0]), self._find(pair[1]), "mo@shop.example")
        events.wait_until_folded()
        self.reference.merge(*profiles)  # type: ignore[arg-type]

    def _unmerge(self, number: int) -> None:
        merged = sorted(self.reference.parents)
        if not merged:
            return
        source = merged[number % len(merged)]
        home = next(name for name, profile in self.reference.homes.items() if profile == source)
        value = home[1]
        merges = customers.list_merges(self._find(home))
        chosen = next(view for view in merges if value in view.identifiers and self._is_of(view, source))
        customers.unmerge(chosen.id, "mo@shop.example")
        events.wait_until_folded()
        self.reference.unmerge(source)

    def _is_of(self, view: customers.MergeView, source: int) -> bool:
        """Whether this is the merge of the profile that the reference calls `source`."""
        inside = {p for p in [source, *self.reference.parents] if self._leads_to(p, source)}
        names = {value for (_, value), home in self.reference.homes.items() if home in inside}
        return set(view.identifiers) == names

    def _leads_to(self, profile: int, source: int) -> bool:
        while profile != source:
            if profile not in self.reference.parents:
                return False
            profile = self.reference.parents[profile][0]
        return True

    def _find(self, name: tuple[str, str]) -> int:
        from tenure.customers.models import Identifier

        return int(Identifier.objects.get(kind=name[0], value=name[1]).customer_id)


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(steps, min_size=4, max_size=14))
def test_profiles_are_the_fold_of_the_events_that_belong_to_them(
    services: object, history: list[tuple[Any, ...]]
) -> None:
    run = Run()
    for step in history:
        run.do(step)
    run.check()
    assert not set(Merge.objects.values_list("from_customer_id", flat=True)) & set(
        Merge.objects.values_list("into_customer_id", flat=True)
    )
