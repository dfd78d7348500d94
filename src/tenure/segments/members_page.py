"""Members on a page: searched, a page at a time, and as a file. For segments and static lists alike."""

from typing import Any

import ibis
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import urlencode

from tenure.base import clock
from tenure.customers import api as customers
from tenure.lake import api as lakes
from tenure.segments.exporting import stream_customers

PAGE_SIZE = 25
TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def read_members(request: HttpRequest, members: ibis.Table, base: str) -> dict[str, Any]:
    """What `_members.html` shows of `members` (customer_id); `base` is the address of what they are members of."""
    query = request.GET.get("q", "").strip()[:200]
    text = request.GET.get("page", "1")
    page = max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 8 else 1
    found = customers.build_search(query).semi_join(members, "customer_id")
    first = (page - 1) * PAGE_SIZE
    lake = lakes.current()
    rows = lake.read_rows(
        found.order_by(found.last_seen_at.desc(), "customer_id")
        .limit(PAGE_SIZE, offset=first)
        .select("customer_id", "external_id", "name", "email", "segment", "phase", "order_count", "revenue")
    )
    total = int(lake.read_value(found.count().as_table()))

    def to(number: int) -> str:
        return f"{base}members/?{urlencode({'q': query, 'page': number})}"

    return {
        "base": base,
        "query": query,
        "members": [{**row, "title": row["name"] or row["email"] or row["external_id"]} for row in rows],
        "total": total,
        "first": first + 1 if rows else 0,
        "last": first + len(rows),
        "previous_href": to(page - 1) if page > 1 else "",
        "next_href": to(page + 1) if first + len(rows) < total else "",
    }


def answer_file(members: ibis.Table, name: str, kind: str) -> StreamingHttpResponse:
    """Every member as a file to keep, `kind` csv or parquet, streamed."""
    response = StreamingHttpResponse(stream_customers(members, kind), content_type=TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}-{clock.today().isoformat()}.{kind}"'
    return response
