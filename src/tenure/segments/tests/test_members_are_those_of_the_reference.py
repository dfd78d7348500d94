"""Every rule kind over random histories: what the engine finds is what the slow and obvious evaluator says."""

from collections import Counter
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tenure.base.clock import virtual
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.segments.compiling.moments import put_now
from tenure.segments.definitions.counting import build_query, list_needs
from tenure.segments.rules import BY_NAME
from tenure.segments.rules.base import Node, build_node, list_rules
from tenure.segments.rules.parsing import parse_rules
from tenure.segments.tests.reference import holds
from tenure.segments.tests.story import Story, put_zone_offsets
from tenure.segments.tests.strategies import Scene, scenes

PEOPLE = 24
KINDS = {
    kind
    for kind in BY_NAME
    if hasattr(
        customers_api, {"visits": "build_sessions", "company": "build_companies"}.get(kind, "build_orders")
    )
}
STAGES = ("Champions", "First-Time Customers", "Recent Customers", "Engaged Visitors", "Promising Customers")


class Drawn:
    """What was compared so far."""

    def __init__(self) -> None:
        self.histories = 0
        self.kinds: Counter[str] = Counter()
        self.yes: Counter[str] = Counter()
        self.no: Counter[str] = Counter()


def check_scene(scene: Scene, drawn: Drawn) -> None:
    story = tell(scene)
    nodes = list_nodes(scene, story)
    customers = story.build_customers()
    query = build_query(list_needs(nodes, story.world), story.world)
    sql = query.compile(
        lambda facts: {f"s{n}": build_node(node, facts, story.world) for n, node in enumerate(nodes)}
    )
    for now in scene.moments:
        found = ask(put_now(sql, now.replace(tzinfo=UTC)))
        for number, node in enumerate(nodes):
            expected = {who for who, customer in customers.items() if holds(node, customer, now, story.world)}
            actual = {who for who in customers if found[who][f"s{number}"]}
            assert actual == expected, (
                f"{node.as_data()} at {now}, zone {scene.zone}: "
                f"too many {[customers[one] for one in actual - expected][:1]}, "
                f"missing {[customers[one] for one in expected - actual][:1]}"
            )
            for rule in list_rules(node):
                drawn.kinds[rule.kind] += 1
                drawn.yes[rule.kind] += len(expected)
                drawn.no[rule.kind] += len(customers) - len(expected)
    drawn.histories += len(customers)


def tell(scene: Scene) -> Story:
    story = Story(scene)
    with virtual(scene.base.replace(tzinfo=UTC)):
        story.tell(0)
        story.put_facts()
    with virtual((scene.base + timedelta(days=2)).replace(tzinfo=UTC)):
        for one, other in scene.merged:
            story.merge(one, other)
        story.tell(1)
        if scene.is_undone:
            story.unmerge()
    return story


def list_nodes(scene: Scene, story: Story) -> list[Node]:
    """The scene's rules; two of them are the segments of its world."""
    nodes = [parse_rules(rule) for rule in scene.rules]
    story.world.segments = {"seg-0": nodes[2], "seg-1": nodes[-1]}
    return [node for node in nodes if not _is_circle(node) and not _lacks_source(node, story)]


def _is_circle(node: Node) -> bool:
    return any(rule.kind == "segment" and rule.name == "seg-1" for rule in list_rules(node))


def _lacks_source(node: Node, story: Story) -> bool:
    for rule in list_rules(node):
        inner = story.world.find_segment(rule.name) if rule.kind == "segment" else None
        if rule.kind not in KINDS or (inner is not None and _lacks_source(inner, story)):
            return True
    return False


def ask(sql: str) -> dict[int, dict[str, Any]]:
    with lakes.current().heavy(), lakes.current().reading() as reader:
        rows = reader.execute(sql).to_arrow_table().to_pylist()
    return {row["customer_id"]: row for row in rows}


def run(examples: int) -> Drawn:
    drawn = Drawn()
    put_zone_offsets()

    @settings(
        max_examples=examples,
        derandomize=examples < 100,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(scene=scenes(PEOPLE, STAGES))
    def check(scene: Scene) -> None:
        check_scene(scene, drawn)

    check()
    return drawn


def test_members_are_those_of_the_reference(services: object) -> None:
    drawn = run(22)
    assert drawn.histories >= 500
    assert set(drawn.kinds) == KINDS
    assert all(drawn.yes[kind] and drawn.no[kind] for kind in KINDS)


@pytest.mark.proof
def test_members_are_those_of_the_reference_in_many_histories(services: object) -> None:
    drawn = run(300)
    assert drawn.histories >= 7_000
