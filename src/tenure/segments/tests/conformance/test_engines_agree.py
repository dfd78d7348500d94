"""The same definitions, compiled for each engine, over a copy of the same tables."""

import shutil
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tenure.base.clock import virtual
from tenure.customers import api as customers_api
from tenure.lake import api as lakes
from tenure.segments.rules import BY_NAME
from tenure.segments.rules.base import list_rules
from tenure.segments.rules.parsing import parse_rules
from tenure.segments.tests.conformance import cases
from tenure.segments.tests.conformance.engines import (
    Chdb,
    DuckDB,
    Engine,
    PostgreSQL,
    Spark,
    find_members,
    write_tables,
)
from tenure.segments.tests.reference import World, holds
from tenure.segments.tests.story import Story, put_zone_offsets
from tenure.segments.tests.strategies import Scene, scenes
from tenure.segments.tests.test_members_are_those_of_the_reference import STAGES, list_nodes, tell

HAS = {
    kind: hasattr(customers_api, name)
    for kind, name in (("visits", "build_sessions"), ("company", "build_companies"))
}
CASES = (*cases.CASES, *(case for kind, more in cases.LATER_CASES.items() if HAS[kind] for case in more))
ENGINES = [
    pytest.param(DuckDB, id="duckdb"),
    pytest.param(PostgreSQL, id="postgresql"),
    pytest.param(Chdb, id="clickhouse"),
    pytest.param(Spark, id="spark", marks=pytest.mark.engines),
]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param is Spark and shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, which is not installed here")
    if request.param is PostgreSQL:
        with request.getfixturevalue("postgresql").database() as url:
            made = PostgreSQL(url)
            yield made
            made.close()
        return
    made = request.param()
    yield made
    made.close()


def fill(engine: Engine, folder: Path) -> None:
    write_tables(folder)
    engine.fill(folder)


def test_every_kind_takes_whom_it_should(services: object, tmp_path: Path, engine: Engine) -> None:
    scene = cases.build_scene()
    story = Story(scene)
    put_zone_offsets()
    with virtual(scene.base.replace(tzinfo=UTC)):
        story.tell(0)
        story.put_facts()
    nodes = [parse_rules(case.rule) for case in CASES]
    story.world.segments = {
        "seg-0": parse_rules(
            {"kind": "attribute", "name": "newsletter", "type": "boolean", "operator": "is_true"}
        )
    }
    fill(engine, tmp_path)
    names = {story.profiles[story.find_profile(n) or 0]: name for n, name in enumerate(cases.NAMES)}
    found = find_members(engine, nodes, story.world, cases.NOW.replace(tzinfo=UTC))
    by_engine = {case.says: {names[one] for one in ids} for case, ids in zip(CASES, found, strict=True)}
    assert by_engine == {case.says: case.members for case in CASES}
    customers = story.build_customers()
    by_reference = {
        case.says: {
            names[one] for one, customer in customers.items() if holds(node, customer, cases.NOW, story.world)
        }
        for case, node in zip(CASES, nodes, strict=True)
    }
    assert by_reference == {case.says: case.members for case in CASES}


def test_every_kind_has_a_case() -> None:
    told = {rule.kind for case in CASES for rule in list_rules(parse_rules(case.rule))}
    assert told == {kind for kind in BY_NAME if HAS.get(kind, True)}


def test_random_histories_give_the_same_members(services: object, tmp_path: Path, engine: Engine) -> None:
    put_zone_offsets()

    @settings(
        max_examples=3,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(scene=scenes(24, STAGES))
    def check(scene: Scene) -> None:
        story = tell(scene)
        nodes = list_nodes(scene, story)
        fill(engine, tmp_path)
        customers = story.build_customers()
        for now in scene.moments:
            found = find_members(engine, nodes, story.world, now.replace(tzinfo=UTC))
            for node, ids in zip(nodes, found, strict=True):
                expected = {
                    one for one, customer in customers.items() if holds(node, customer, now, story.world)
                }
                assert ids & set(customers) == expected, f"{node.as_data()} at {now} in {scene.zone}"

    check()


def test_more_than_a_hundred_thousand_values_are_counted_exactly(
    lake: lakes.Lake, tmp_path: Path, engine: Engine
) -> None:
    def put(tx: lakes.Transaction) -> None:
        for customer_id, count in ((1, 100_000), (2, 100_001), (3, 250_007)):
            tx.append("customers_delta", pa.table({"customer_id": [customer_id], "is_removed": [False]}))
            tx.execute(
                "INSERT INTO events BY NAME SELECT range AS seq, 'track' AS type, 'Seen' AS event, "
                f"{customer_id}::BIGINT AS customer_id, TIMESTAMP '2026-03-01 00:00:00' AS occurred_at, "
                f"'{{\"code\": \"c' || range % {count} || '\"}}' AS properties FROM range({count + 10})"
            )

    lake.write(put)
    fill(engine, tmp_path)
    bounds = ({"at_least": 100_001}, {"exactly": 100_000}, {"exactly": 100_001}, {"exactly": 250_007})
    nodes = [
        parse_rules(
            {"kind": "total", "function": "distinct", "event": "Seen", "property": "code", "bound": bound}
        )
        for bound in bounds
    ]
    found = find_members(engine, nodes, World(), cases.NOW.replace(tzinfo=UTC))
    assert found == [{2, 3}, {1}, {2}, {3}]
