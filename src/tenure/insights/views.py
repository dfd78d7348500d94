"""The first page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from tenure.base.access import require_role
from tenure.config.environment import read_environment
from tenure.insights import api


@require_GET
@require_role("viewer")
def show_dashboard(request: HttpRequest) -> HttpResponse:
    if not api.has_customers():
        base_url = read_environment().base_url or f"{request.scheme}://{request.get_host()}"
        return render(request, "insights/first_use.html", {"base_url": base_url})
    dashboard = api.get_dashboard()
    return render(request, "insights/dashboard.html", {"dashboard": dashboard, **_draw(dashboard)})


@require_GET
@require_role("viewer")
def show_last_campaign(request: HttpRequest) -> HttpResponse:
    """Measured apart from the page, because a proof takes longer than a count."""
    return render(request, "insights/_last_campaign.html", {"last": api.find_last_campaign()})


def _draw(dashboard: api.Dashboard) -> dict[str, Any]:
    """The rows that the charts take."""
    best = max(dashboard.phases, key=lambda row: row.revenue_share, default=None)
    return {
        "best_phase": best if best and best.revenue_share else None,
        "week_labels": [f"{week.week_on.day} {week.week_on:%b}" for week in dashboard.weeks],
        "week_series": [
            {"name": "Repeat orders", "values": [week.repeat_count for week in dashboard.weeks]},
            {"name": "First orders", "values": [week.first_count for week in dashboard.weeks]},
        ],
        "phase_rows": [
            {
                "name": row.phase,
                "value": row.customers_count,
                "share_text": f"{row.share:.0%}",
                "slot": row.colour_slot,
                "href": f"/customers/?{urlencode({'phase': row.phase})}",
            }
            for row in dashboard.phases
        ],
    }
