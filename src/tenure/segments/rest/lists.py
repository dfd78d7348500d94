"""Static lists over HTTP."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tenure.base.errors import TenureError
from tenure.base.rest import allow, read_number, read_object, require_caller
from tenure.events import api as events
from tenure.segments import api as segments
from tenure.segments.lists import api as lists
from tenure.segments.rest import shapes
from tenure.segments.rest.bodies import takes
from tenure.segments.rest.members import Cursor, Format, Kind, Limit, stream_file

router = Router(tags=["Static lists"])
MOST_CUSTOMERS = 100_000
_WAIT_SECONDS = 5
_FIELDS = {"name": str, "title": str, "customers": list, "segment": str}
_SHOWN = {str: "a text", list: "a list of texts"}


@router.get("", response=shapes.Lists, summary="List static lists")
@allow("viewer")
def show_lists(request: HttpRequest) -> dict[str, Any]:
    """By name, with what refers to each."""
    return {"lists": [one.as_dict() for one in lists.list_lists()]}


@router.post(
    "", response={201: shapes.MadeList}, summary="Make a static list", openapi_extra=takes("NewList")
)
@allow("marketer")
def create_list(request: HttpRequest) -> Any:
    """Of `customers` (identifiers), or of everybody who is in `segment` now; without either it is empty."""
    data = _read(request, ("name",), ("title", "customers", "segment"))
    if "customers" in data and "segment" in data:
        raise TenureError("bad_list", "segment: give customers or a segment, not both.", "segment")
    actor, title = require_caller(request).actor, data.get("title", "")
    events.wait_until_folded(_WAIT_SECONDS)
    unknown: tuple[str, ...] = ()
    if "segment" in data:
        made = lists.freeze_segment(data["segment"], data["name"], actor, title)
    else:
        made, unknown = lists.create_list_of(data["name"], data.get("customers", []), actor, title)
    return Status(201, {**made.as_dict(), "unknown": len(unknown), "unknown_values": list(unknown)})


@router.get("/{name}", response=shapes.StaticList, summary="Show a static list")
@allow("viewer")
def show_list(request: HttpRequest, name: str) -> dict[str, Any]:
    return lists.get_list(name).as_dict()


@router.delete("/{name}", response=shapes.Deleted, summary="Delete a static list")
@allow("marketer")
def delete_list(request: HttpRequest, name: str) -> dict[str, Any]:
    """409, naming the segments that ask for it, while some do."""
    lists.delete_list(name, require_caller(request).actor)
    return {"deleted": name}


@router.get("/{name}/members", response=shapes.Members, summary="Who is on a list")
@allow("viewer")
def list_members(
    request: HttpRequest, name: str, limit: Limit = 100, cursor: Cursor = None, format: Kind = Format.JSON
) -> Any:
    """A page of identifiers, or everybody with their traits as a file."""
    after = read_number(cursor, "cursor")
    found = lists.get_list(name)
    ids = lists.build_list_members(found.id)
    if format is not Format.JSON:
        return stream_file(request, f"list {found.name}", found.name, ids, format)
    shown, last = segments.list_identifiers(ids, limit, after)
    return {
        "name": found.name,
        "members": found.member_count,
        "customers": shown,
        "next_cursor": None if last is None else str(last),
    }


@router.post(
    "/{name}/members",
    response=shapes.Added,
    summary="Put customers on a list",
    openapi_extra=takes("Customers"),
)
@allow("marketer")
def add_members(request: HttpRequest, name: str) -> dict[str, Any]:
    """By any identifier; `unknown_values` are those of nobody. Segments that ask for the list follow within moments."""
    data = _read(request, ("customers",))
    events.wait_until_folded(_WAIT_SECONDS)
    count, unknown = lists.add_identifiers(name, data["customers"], require_caller(request).actor)
    return {"list": name, "added": count, "unknown": len(unknown), "unknown_values": list(unknown)}


@router.post(
    "/{name}/members/remove",
    response=shapes.Removed,
    summary="Take customers off a list",
    openapi_extra=takes("Customers"),
)
@allow("marketer")
def remove_members(request: HttpRequest, name: str) -> dict[str, Any]:
    """By any identifier; `unknown_values` are those of nobody."""
    data = _read(request, ("customers",))
    count, unknown = lists.remove_identifiers(name, data["customers"], require_caller(request).actor)
    return {"list": name, "removed": count, "unknown": len(unknown), "unknown_values": list(unknown)}


def _read(request: HttpRequest, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    data = read_object(request)
    known = (*required, *optional)
    for field in required:
        if field not in data:
            raise TenureError("bad_list", f"{field}: is missing.", field)
    for field, value in data.items():
        if field not in known:
            place = field[:80]
            raise TenureError("bad_list", f"{place}: is not known here; known are {', '.join(known)}.", place)
        if not isinstance(value, _FIELDS[field]):
            raise TenureError("bad_list", f"{field}: must be {_SHOWN[_FIELDS[field]]}.", field)
    for number, one in enumerate(data.get("customers", ())):
        if not isinstance(one, str):
            place = f"customers[{number}]"
            raise TenureError("bad_list", f"{place}: must be a text; a number goes into quotes.", place)
    if len(data.get("customers", ())) > MOST_CUSTOMERS:
        raise TenureError(
            "too_many_customers",
            f"customers: at most {MOST_CUSTOMERS:,} at once. Send the others in another call.",
            "customers",
        )
    return data
