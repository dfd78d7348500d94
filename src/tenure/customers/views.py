"""The list of customers and the single customer view."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from tenure.base import clock
from tenure.base.access import has_role, require_role
from tenure.base.audit import record_audit
from tenure.base.errors import TenureError
from tenure.customers import api
from tenure.customers.export import stream_csv
from tenure.customers.sentences import Sentence, describe_event
from tenure.customers.traits import list_traits

PAGE_SIZE = 50
TIMELINE_SIZE = 50
COLUMNS = (
    ("name", "Customer", ""),
    ("", "Segment", ""),
    ("", "Country", "hide-phone"),
    ("orders", "Orders", "num hide-phone"),
    ("revenue", "Revenue", "num"),
    ("last_seen", "Last seen", "hide-phone"),
    ("", "E-mail", "hide-phone"),
)
ORDERINGS = {
    "last_seen": "Last seen",
    "revenue": "Revenue",
    "orders": "Orders",
    "last_order": "Last order",
    "name": "Name",
    "newest": "Newest",
}


@dataclass(frozen=True)
class Wanted:
    """What the address asks for."""

    query: str
    segments: tuple[str, ...]
    phase: str
    cell: tuple[int, int] | None
    stage: tuple[str, str] | None
    order_by: str
    page: int

    @classmethod
    def read(cls, data: QueryDict) -> "Wanted":
        r, f = _score(data.get("r")), _score(data.get("f"))
        order_by = data.get("sort", "last_seen")
        page = data.get("page", "1")
        model, stage = data.get("model", "")[:60], data.get("stage", "")[:60]
        return cls(
            query=data.get("q", "").strip()[:200],
            segments=tuple(name for name in data.getlist("segment") if name),
            phase=data.get("phase", ""),
            cell=(r, f) if r and f else None,
            stage=(model, stage) if model and stage else None,
            order_by=order_by if order_by in ORDERINGS else "last_seen",
            page=max(1, int(page)) if page.isdecimal() and len(page) < 8 else 1,
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.segments or self.phase or self.cell or self.stage)


@dataclass(frozen=True)
class TimelineRow:
    """An event with its sentence."""

    seq: int
    at: datetime
    sentence: Sentence


@require_GET
@require_role("viewer")
def list_customers(request: HttpRequest) -> HttpResponse:
    wanted = Wanted.read(request.GET)
    first = (wanted.page - 1) * PAGE_SIZE
    page = api.search_customers(
        wanted.query,
        wanted.segments,
        wanted.phase,
        wanted.order_by,
        first,
        PAGE_SIZE,
        cell=wanted.cell,
        stage=wanted.stage,
    )
    context = {
        "wanted": wanted,
        "rows": page.rows,
        "total": page.total_count,
        "first": first + 1 if page.rows else 0,
        "last": first + len(page.rows),
        "previous_href": _href(request, page=wanted.page - 1) if wanted.page > 1 else "",
        "next_href": _href(request, page=wanted.page + 1)
        if first + len(page.rows) < page.total_count
        else "",
        "columns": [
            (text, css, _href(request, sort=sort) if sort else "", sort == wanted.order_by)
            for sort, text, css in COLUMNS
        ],
        "orderings": ORDERINGS.items(),
        "import_href": "/import/" if has_role(request.user, "marketer") else "",
        "export_href": f"/customers/export.csv?{request.GET.urlencode()}",
        "without_phase_href": _href(request, phase=""),
        "without_cell_href": _href(request, r="", f=""),
        "without_stage_href": _href(request, model="", stage=""),
    }
    return render(
        request,
        "customers/_list.html" if request.headers.get("HX-Request") else "customers/list.html",
        context,
    )


@require_GET
@require_role("marketer")
def export_customers(request: HttpRequest) -> StreamingHttpResponse:
    wanted = Wanted.read(request.GET)
    found = api.build_search(wanted.query, wanted.segments, wanted.phase, wanted.stage)
    if wanted.cell:
        found = found.filter((found.r == wanted.cell[0]) & (found.f == wanted.cell[1]))
    record_audit(str(request.user), "customers.exported", request.GET.urlencode() or "all customers")
    response = StreamingHttpResponse(stream_csv(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="customers-{clock.today().isoformat()}.csv"'
    return response


@require_GET
@require_role("viewer")
def show_customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    customer = api.get_customer(customer_id, TIMELINE_SIZE)
    if customer.id != customer_id:
        return HttpResponseRedirect(f"/customers/{customer.id}/")
    rows = _say(customer.events)
    context = {
        **_describe(customer),
        "rows": rows,
        "last_seq": max((row.seq for row in rows), default=0),
        "older_href": _older_href(customer.id, rows) if len(rows) == TIMELINE_SIZE else "",
    }
    return render(request, "customers/customer.html", context)


def _describe(customer: api.CustomerView) -> dict[str, Any]:
    """What the cards beside the timeline show."""
    is_suppressed = bool(customer.email) and api.is_suppressed("email", customer.email or "")
    currencies = api.list_currencies_of(customer.id)
    company = api.find_company(customer.id)
    last_order_at = customer.last_order_at
    return {
        "customer": customer,
        "state": _fingerprint(customer, is_suppressed, company),
        "company": company,
        "average": customer.revenue / customer.order_count if customer.order_count else None,
        "days_since": (clock.today() - last_order_at.date()).days if last_order_at else None,
        "currencies": currencies,
        "currency": api.choose_currency(currencies),
        "traits": list_traits(customer),
        "merges": api.list_merges(customer.id),
        "is_suppressed": is_suppressed,
        "is_reachable": bool(customer.email) and not customer.email_opted_out_at and not is_suppressed,
    }


def _fingerprint(customer: api.CustomerView, is_suppressed: bool, company: api.Company | None) -> str:
    """Changes with everything that the cards show, except when the customer was last seen."""
    told = replace(customer, events=(), last_seen_at=customer.first_seen_at, event_count=0)
    return hashlib.sha256(repr((told, is_suppressed, company)).encode()).hexdigest()[:16]


@require_GET
@require_role("viewer")
def show_timeline(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A part of the timeline for htmx: what came after a sequence number, or what is older than an event."""
    after = request.GET.get("after", "")
    if after.isdecimal():
        rows = _say(api.list_timeline(customer_id, after_seq=int(after), limit=TIMELINE_SIZE))
        last_seq = max((row.seq for row in rows), default=int(after))
        context = {"rows": rows, "last_seq": last_seq}
        if rows:
            context |= _describe(api.get_customer(customer_id, events=0))
            context["has_changed"] = context["state"] != request.GET.get("state")
        return render(request, "customers/_fresh.html", context)
    at, seq = parse_datetime(request.GET.get("before", "")), request.GET.get("seq", "")
    if at is None or at.tzinfo is None or not seq.isdecimal():
        raise TenureError("bad_place", "Reload the page: the place in the timeline is not known.", "before")
    rows = _say(api.list_timeline(customer_id, before=(at, int(seq)), limit=TIMELINE_SIZE))
    older_href = _older_href(customer_id, rows) if len(rows) == TIMELINE_SIZE else ""
    return render(request, "customers/_older.html", {"rows": rows, "older_href": older_href})


def _say(events: Any) -> list[TimelineRow]:
    currency = api.find_shop_currency()
    return [
        TimelineRow(
            event.seq, event.timestamp, describe_event(event.type, event.event, event.properties, currency)
        )
        for event in events
    ]


def _older_href(customer_id: int, rows: list[TimelineRow]) -> str:
    query = QueryDict(mutable=True)
    query["before"], query["seq"] = rows[-1].at.isoformat(), str(rows[-1].seq)
    return f"/customers/{customer_id}/timeline/?{query.urlencode()}"


def _href(request: HttpRequest, **changes: Any) -> str:
    query = request.GET.copy()
    if "page" not in changes:
        query.pop("page", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in ("", None):
            query[name] = str(value)
    return f"/customers/?{query.urlencode()}"


def _score(text: str | None) -> int | None:
    return int(text) if text in ("1", "2", "3", "4", "5") else None
