"""Who is in a segment over HTTP: counted, listed, exported, explained, and how the number came about."""

import secrets
from enum import StrEnum
from typing import Annotated, Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router

from tenure.base import clock
from tenure.base.audit import record_audit
from tenure.base.rest import allow, read_number, read_object, require_caller
from tenure.customers import api as customers
from tenure.events import api as events
from tenure.segments import api as segments
from tenure.segments.rest import shapes
from tenure.segments.rest.bodies import takes

router = Router(tags=["Segments"])
_WAIT_SECONDS = 5
"""How long an answer waits for events that are accepted and not in the lake yet."""
_CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


Limit = Annotated[int, Query(ge=1, le=10_000)]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
Kind = Annotated[Format, Query(description="csv and parquet give everybody, and need the role marketer.")]


@router.post(
    "/count",
    response=shapes.Count,
    summary="Count a definition that is not saved",
    openapi_extra=takes("UnsavedSegment"),
)
@allow("viewer")
def count_unsaved(request: HttpRequest) -> dict[str, Any]:
    """Exact, as of now, with what each condition takes and leaves. `name` may be missing."""
    data = read_object(request)
    name = data.setdefault("name", f"unsaved-{secrets.token_hex(8)}")
    segment = segments.parse_segment(data)
    events.wait_until_folded(_WAIT_SECONDS)
    counted = segments.describe_count(segment)
    return {**counted, "name": None if str(name).startswith("unsaved-") else name}


@router.get("/{name}/count", response=shapes.Count, summary="Count a segment")
@allow("viewer")
def count_segment(request: HttpRequest, name: str) -> dict[str, Any]:
    """Exact, as of now, with what each condition takes and leaves."""
    segment = segments.get_segment(name).segment
    events.wait_until_folded(_WAIT_SECONDS)
    return segments.describe_count(segment)


@router.get("/{name}/members", response=shapes.Members, summary="Who is in a segment")
@allow("viewer")
def list_members(
    request: HttpRequest, name: str, limit: Limit = 100, cursor: Cursor = None, format: Kind = Format.JSON
) -> Any:
    """A page of identifiers, or everybody with their traits as a file."""
    after = read_number(cursor, "cursor")
    found = segments.get_segment(name).segment.name
    events.wait_until_folded(_WAIT_SECONDS)
    if format is not Format.JSON:
        return stream_file(request, f"segment {found}", found, segments.build_segment_members(found), format)
    told, last = segments.describe_members(found, limit, after)
    return {**told, "next_cursor": None if last is None else str(last)}


@router.get("/{name}/explain", response=shapes.Explanation, summary="Why somebody is in a segment, or not")
@allow("viewer")
def explain_segment(
    request: HttpRequest,
    name: str,
    customer_id: str = Query(
        ..., min_length=1, max_length=255, description="A user id, an anonymous id or an e-mail address."
    ),
) -> dict[str, Any]:
    """Rule by rule, with her values and the events that decide."""
    saved = segments.get_segment(name)
    events.wait_until_folded(_WAIT_SECONDS)
    customer = customers.get_customer_by_identifier(customer_id, events=0)
    return segments.explain_segment(saved.segment.name, customer.id).as_dict()


@router.get("/{name}/history", response=shapes.History, summary="The size of a segment over time")
@allow("viewer")
def list_history(request: HttpRequest, name: str, days: int = Query(30, ge=1, le=366)) -> dict[str, Any]:
    """The members at the end of each of the last days (UTC), and who entered and left."""
    return segments.describe_history(name, days)


def stream_file(
    request: HttpRequest, subject: str, stem: str, ids: Any, kind: Format
) -> StreamingHttpResponse:
    """The customers of an expression (customer_id) as a download. The audit log says who took it."""
    caller = require_caller(request, "marketer")
    record_audit(caller.actor, "customers.exported", f"{subject}, {kind}")
    response = StreamingHttpResponse(
        segments.stream_customers(ids, kind.value), content_type=_CONTENT_TYPES[kind]
    )
    response["Content-Disposition"] = f'attachment; filename="{stem}-{clock.today().isoformat()}.{kind}"'
    return response
