"""Every kind's SQL can be written for every engine."""

import pytest
import sqlglot

from tenure.base.errors import TenureError
from tenure.segments.definitions.engines import ENGINES, compile_for_engine
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.rules import KINDS
from tenure.segments.rules.parsing import parse_rules

pytestmark = pytest.mark.django_db

AROUND = LedgerSurroundings("Europe/Berlin", {}, {}, {"lifecycle": {"Champions": 1}})


@pytest.mark.parametrize("engine", ENGINES)
def test_every_kind_is_written_for_every_engine(engine: str, lake: object) -> None:
    for kind in KINDS:
        for example in kind.examples:
            sql = compile_for_engine(parse_rules(example), AROUND, engine)
            assert sqlglot.parse_one(sql, dialect={"postgresql": "postgres"}.get(engine, engine))


def test_an_engine_that_is_not_known_is_refused(lake: object) -> None:
    with pytest.raises(TenureError, match="duckdb, clickhouse, spark, postgresql"):
        compile_for_engine(parse_rules(KINDS[0].examples[0]), AROUND, "oracle")
