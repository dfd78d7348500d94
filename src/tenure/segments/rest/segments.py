"""Definitions over HTTP: listed, made, shown, replaced, deleted."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from tenure.base.errors import TenureError
from tenure.base.rest import allow, read_object, require_caller
from tenure.segments import api as segments
from tenure.segments.rest import shapes
from tenure.segments.rest.bodies import takes

router = Router(tags=["Segments"])
_WAIT = "Answer once the members are found, instead of at once."


@router.get("", response=shapes.SegmentPage, summary="List segments")
@allow("viewer")
def list_segments(
    request: HttpRequest,
    limit: int = Query(100, ge=1, le=1_000),
    cursor: str = Query("", description="`next_cursor` of the page before."),
) -> dict[str, Any]:
    """By name."""
    sizes = segments.list_segment_sizes()
    left = [saved for saved in segments.list_segments() if saved.segment.name > cursor]
    shown = left[:limit]
    return {
        "segments": [segments.describe_segment(one, sizes.get(one.segment.name, 0)) for one in shown],
        "next_cursor": shown[-1].segment.name if len(left) > limit else None,
    }


@router.post(
    "",
    response={201: shapes.SegmentWhole},
    summary="Make a segment",
    openapi_extra=takes("NewSegment"),
)
@allow("marketer")
def create_segment(request: HttpRequest, wait: bool = Query(False, description=_WAIT)) -> Any:
    """409 where the name is taken. Its members follow within moments; `state` is built when they are there."""
    return Status(201, _save(request, read_object(request), wait, replace=False))


@router.get("/{name}", response=shapes.SegmentWhole, summary="Show a segment")
@allow("viewer")
def show_segment(request: HttpRequest, name: str) -> dict[str, Any]:
    """With its definition, what refers to it, and warnings."""
    return segments.describe_segment_whole(name)


@router.put(
    "/{name}",
    response=shapes.SegmentWhole,
    summary="Replace a segment",
    openapi_extra=takes("ReplacedSegment"),
)
@allow("marketer")
def replace_segment(
    request: HttpRequest,
    name: str,
    wait: bool = Query(False, description=_WAIT),
    version: int | None = Query(
        None, ge=1, description="The version that is replaced. 409 where somebody changed it since."
    ),
) -> dict[str, Any]:
    """The whole definition; what is not given is gone. The name stays."""
    data = read_object(request)
    known = segments.get_segment(name).segment.name
    if data.setdefault("name", known) != known:
        raise TenureError(
            "bad_segment",
            f"name: a segment keeps its name, {known}. Leave it out, or make another one.",
            "name",
        )
    return _save(request, data, wait, version=version)


@router.delete("/{name}", response=shapes.Named, summary="Delete a segment")
@allow("marketer")
def delete_segment(request: HttpRequest, name: str) -> dict[str, Any]:
    """409, naming what refers to it, while something does."""
    segments.delete_segment(name, require_caller(request).actor)
    return {"name": name}


@router.get("/{name}/sql", response=shapes.Statement, summary="The statement that finds its members")
@allow("viewer")
def write_sql(
    request: HttpRequest,
    name: str,
    engine: str | None = Query(
        None, description="duckdb, postgresql, clickhouse or spark. Without one it is this lake's own."
    ),
) -> dict[str, Any]:
    """As of now."""
    saved = segments.get_segment(name)
    sql = segments.compile_for_engine(saved.segment.node, segments.look_around(), engine or "")
    return {"name": saved.segment.name, "engine": engine, "sql": sql}


def _save(
    request: HttpRequest, data: dict[str, Any], wait: bool, replace: bool = True, version: int | None = None
) -> dict[str, Any]:
    segment = segments.parse_segment(data)
    segments.save_segment(segment, require_caller(request).actor, replace, version)
    if wait:
        segments.current_engine().catch_up()
    return segments.describe_segment_whole(segment.name)
