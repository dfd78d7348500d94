"""A person's own rights: a file of all that is known of her, and being forgotten."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from tenure.base import clock
from tenure.base.access import require_role
from tenure.base.audit import record_audit
from tenure.customers import api


@require_GET
@require_role("marketer")
def export_one(request: HttpRequest, customer_id: int) -> StreamingHttpResponse:
    customer = api.get_customer(customer_id, events=0)
    record_audit(str(request.user), "customer.exported", str(customer.id))
    response = StreamingHttpResponse(api.stream_export(customer.id), content_type="application/json")
    name = f"customer-{customer.id}-{clock.today().isoformat()}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "POST"])
@require_role("admin")
def erase(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Erase once the customer's id was typed as the page shows it."""
    customer = api.get_customer(customer_id, events=0)
    typed = request.POST.get("typed", "").strip()
    if request.method == "POST" and typed == customer.customer_id:
        receipt = api.erase_customer(customer.id, str(request.user))
        return HttpResponseRedirect(f"/customers/erased/{receipt.id}/")
    is_wrong = request.method == "POST"
    context = {"customer": customer, "merges": api.list_merges(customer.id), "is_wrong": is_wrong}
    return render(request, "customers/erase.html", context, status=400 if is_wrong else 200)


@require_GET
@require_role("admin")
def show_receipt(request: HttpRequest, receipt_id: int) -> HttpResponse:
    receipt = api.get_receipt(receipt_id)
    return render(
        request, "customers/receipt.html", {"receipt": receipt, "removed": sorted(receipt.removed.items())}
    )
