"""A definition's SQL for an engine, to read and to run elsewhere."""

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.lake import api as lakes
from tenure.segments.compiling.moments import put_now
from tenure.segments.compiling.query import Query
from tenure.segments.compiling.reading import Everyone, Reading
from tenure.segments.definitions.counting import compile_members, list_needs
from tenure.segments.definitions.surroundings import LedgerSurroundings
from tenure.segments.rules.base import Node, build_node

POSTGRESQL = "postgresql"
ENGINES = (*lakes.DIALECTS, POSTGRESQL)


def compile_for_engine(node: Node, around: LedgerSurroundings, engine: str = "") -> str:
    """A statement over the lake's tables giving the customer_id of everybody whom a definition takes now.

    Without an engine it is the one that this lake runs, with the columns that it keeps of events; with one, it asks
    nothing but the tables that are described in the reference. Errors: an engine that is not one of `ENGINES`.
    """
    if not engine:
        return compile_members(node, around)
    if engine not in ENGINES:
        raise TenureError(
            "unknown_engine", f"SQL is written for {', '.join(ENGINES)}; not for {engine[:40]!r}.", "engine"
        )
    dialect = lakes.DIALECTS.get(engine, lakes.DUCKDB)
    query = Query(Reading(dialect, Everyone(), around.zone), list_needs([node], around))
    sql = put_now(query.compile_where(lambda facts: build_node(node, facts, around)), clock.now())
    return lakes.write_for_postgresql(sql) if engine == POSTGRESQL else sql
