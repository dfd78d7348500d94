"""Random steps; after each, the memberships that are kept = a full evaluation = the slow and obvious evaluator."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.lake import api as lakes
from tenure.segments import api as segments
from tenure.segments.definitions import surroundings
from tenure.segments.lists import library as lists
from tenure.segments.rules.base import list_rules
from tenure.segments.rules.parsing import parse_rules
from tenure.segments.tests.alphabets import CAMPAIGNS, LISTS
from tenure.segments.tests.conformance.engines import DuckDB, compile_members, read_members
from tenure.segments.tests.reference import holds
from tenure.segments.tests.reference.histories import Place
from tenure.segments.tests.rule_strategies import build_rules
from tenure.segments.tests.story import Story, put_zone_offsets
from tenure.segments.tests.strategies import BY, Call, Scene, calls, offsets
from tenure.segments.tests.test_members_are_those_of_the_reference import KINDS, STAGES

PEOPLE = 5
BASE = datetime.fromisoformat("2026-03-27T12:00:00")
NAMES = ("seg-0", "seg-1")
Step = tuple[Any, ...]
who = st.integers(0, PEOPLE - 1)
BY_KIND = {kind: rule for kind, rule in build_rules(BASE, STAGES).items() if kind in KINDS}
rules = st.one_of(*BY_KIND.values())
trees = st.one_of(
    rules,
    rules,
    st.builds(
        lambda word, one, other: {word: [one, {"not": other}]}, st.sampled_from(("all", "any")), rules, rules
    ),
)
told = st.lists(st.builds(Call, calls, who, offsets, st.sampled_from(BY), st.just(0)), min_size=1, max_size=6)
steps = st.one_of(
    st.tuples(st.just("tell"), told),
    st.tuples(st.just("tell"), told),
    st.tuples(st.just("wait"), st.sampled_from((1, 1, 23, 24, 25, 72))),
    st.tuples(st.just("save"), st.sampled_from(NAMES), trees),
    st.tuples(st.just("save"), st.sampled_from(NAMES), trees),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
    st.tuples(st.just("merge"), who, who),
    st.tuples(st.just("unmerge")),
    st.tuples(st.just("erase"), who),
    st.tuples(st.just("list"), who, st.sampled_from(LISTS)),
    st.tuples(st.just("unlist"), who, st.sampled_from(LISTS)),
    st.tuples(st.just("age")),
    st.tuples(st.just("score")),
)


class Run:
    """One shop, its segments and the reference, moved in step."""

    def __init__(self, now: clock.VirtualClock, done: Counter[str]) -> None:
        self.clock, self.done = now, done
        self.compiled_of: tuple[tuple[int, int], ...] = ()
        self.sql = ""
        empty = Scene(BASE, "UTC", PEOPLE, (), (), False, (), (), (), frozenset(), (), ())
        self.story = Story(empty)
        around = surroundings.look_around()
        world = self.story.world
        world.zone, world.models, world.campaigns = around.zone, dict(around.models), CAMPAIGNS
        world.lists = {name: lists.create_list(name, "test").id for name in LISTS}

    def close(self) -> None:
        while segments.list_segments():
            for saved in segments.list_segments():
                self._try(lambda saved=saved: segments.delete_segment(saved.segment.name, "test"))
        for name in LISTS:
            lists.delete_list(name, "test")
        segments.current_engine().catch_up()

    def do(self, step: Step) -> None:
        kind, *rest = step
        if getattr(self, f"_{kind}")(*rest) is not False:
            self.done[kind] += 1
        engine = segments.current_engine()
        engine.catch_up()
        engine.run_due()

    def check(self, step: Step) -> None:
        now, story = clock.now(), self.story
        around = surroundings.look_around()
        saved = segments.list_segments()
        nodes = [one.segment.node for one in saved]
        versions = tuple((one.id, one.version) for one in saved)
        if versions != self.compiled_of:
            self.compiled_of, self.sql = versions, compile_members(lakes.DUCKDB, nodes, around)
        story.world.segments = {one.segment.name: one.segment.node for one in saved}
        customers = story.build_customers()
        if not saved:
            return
        full = read_members(DuckDB(), self.sql, len(nodes), now)
        everybody = _read_ids(lakes.table("customers").select("customer_id"))
        for one, node, found in zip(saved, nodes, full, strict=True):
            kept = _read_ids(segments.build_segment_members(one.segment.name))
            at = now.replace(tzinfo=None)
            expected = {who for who, customer in customers.items() if holds(node, customer, at, story.world)}
            says = f"after {step[0]} at {now}: {node.as_data()}"
            assert found & set(customers) == expected, f"full evaluation {says}"
            assert kept & set(customers) == expected, f"kept {says}"
            assert kept == found, f"kept of others {says}"
            assert kept <= everybody, f"who is no more {says}"
            for rule in list_rules(node):
                self.done[f"rule {rule.kind}"] += 1

    def _tell(self, told: list[Call]) -> None:
        self.story.tell_calls(told)

    def _wait(self, hours: int) -> None:
        self.clock.move_to(clock.now() + timedelta(hours=hours))

    def _save(self, name: str, rule: dict[str, Any]) -> bool:
        segment = segments.parse_segment({"name": name, "rule": parse_rules(rule).as_data()})
        return self._try(lambda: segments.save_segment(segment, "test"))

    def _delete(self, name: str) -> bool:
        return self._try(lambda: segments.delete_segment(name, "test"))

    def _merge(self, one: int, other: int) -> bool:
        return self.story.merge(one, other)

    def _unmerge(self) -> bool:
        return self.story.unmerge()

    def _erase(self, person: int) -> bool:
        return self.story.erase(person)

    def _list(self, person: int, name: str) -> bool:
        profile = self.story.find_profile(person)
        if profile is None or not lists.add_to_list(name, pa.array([self.story.profiles[profile]]), "test"):
            return False
        at = clock.now().replace(tzinfo=None)
        self.story.places.append((profile, Place(self.story.world.lists[name], at)))
        return True

    def _unlist(self, person: int, name: str) -> bool:
        profile = self.story.find_profile(person)
        if profile is None or not lists.remove_from_list(
            name, pa.array([self.story.profiles[profile]]), "test"
        ):
            return False
        story, list_id = self.story, self.story.world.lists[name]
        story.places = [
            (one, place)
            for one, place in story.places
            if place.list_id != list_id or story.identity.root(one) != profile
        ]
        return True

    def _age(self) -> None:
        segments.age()

    def _score(self) -> None:
        segments.refresh()

    def _try(self, work: Any) -> bool:
        try:
            work()
        except TenureError:
            return False
        return True


FEW, MANY = 4, 60
"""Examples: always the same few, or many new ones."""


def _read_ids(table: Any) -> set[int]:
    return {row["customer_id"] for row in lakes.current().read_rows(table)}


def run(examples: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Some examples with each third of the kinds."""
    done: Counter[str] = Counter()
    monkeypatch.setattr(surroundings, "_find_campaign", CAMPAIGNS.get)
    put_zone_offsets()
    kinds = list(BY_KIND)
    for third in range(3):
        run_with(kinds[third::3], examples, done)
    return done


def run_with(kinds: list[str], examples: int, done: Counter[str]) -> None:
    definitions = {f"of-{kind}": BY_KIND[kind] for kind in kinds}

    @settings(
        max_examples=examples,
        derandomize=examples < MANY,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(
        first=told,
        saved=st.fixed_dictionaries({"seg-0": trees, **definitions}),
        then=st.lists(steps, min_size=4, max_size=10),
    )
    def check(first: list[Call], saved: dict[str, dict[str, Any]], then: list[Step]) -> None:
        with clock.virtual(BASE.replace(tzinfo=UTC)) as now:
            one = Run(now, done)
            try:
                for name, rule in saved.items():
                    one._save(name, rule)
                for step in [("tell", first), *then]:
                    one.do(step)
                    one.check(step)
            finally:
                one.close()

    check()


def test_memberships_are_true_after_every_step(services: object, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(FEW, monkeypatch)
    assert not {kind for kind in KINDS if not done[f"rule {kind}"]}


@pytest.mark.proof
def test_memberships_are_true_after_many_steps(services: object, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(MANY, monkeypatch)
    names = ("tell", "wait", "save", "delete", "merge", "unmerge", "erase", "list", "unlist", "age", "score")
    assert not {name for name in names if not done[name]}
    assert not {kind for kind in KINDS if not done[f"rule {kind}"]}
