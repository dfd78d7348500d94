"""Two customers made one by a person, and taken apart again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from tenure.base.access import require_role
from tenure.base.errors import NotFoundError, TenureError
from tenure.customers import api
from tenure.customers.traits import describe_trait, say_value
from tenure.events import api as events


@require_http_methods(["GET", "POST"])
@require_role("marketer")
def merge(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Ask for the other one; show what both would be; merge them once that was confirmed."""
    customer = api.get_customer(customer_id, events=0)
    other = (request.POST if request.method == "POST" else request.GET).get("other", "").strip()
    context = {"customer": customer, "other": other}
    try:
        if request.method == "POST":
            kept = api.merge_customers(customer.id, _find(other), str(request.user))
            events.wait_until_folded()
            messages.success(request, "Merged. The history of both is on this page.")
            return HttpResponseRedirect(f"/customers/{kept}/")
        if other:
            context |= _describe(api.preview_merge(customer.id, _find(other)))
    except TenureError as error:
        return render(request, "customers/merge.html", context | {"error": error}, status=error.status)
    return render(request, "customers/merge.html", context)


@require_POST
@require_role("marketer")
def unmerge(request: HttpRequest, customer_id: int) -> HttpResponse:
    number = request.POST.get("merge", "")
    if not number.isdecimal() or len(number) > 18:
        raise TenureError("unknown_merge", "Reload the page: the merge is not known.", "merge")
    apart, _ = api.unmerge(int(number), str(request.user))
    events.wait_until_folded()
    other = api.get_customer(apart, events=0)
    messages.success(
        request, f"Taken apart: {other.title} is a customer again. No event merges the two from now on."
    )
    return HttpResponseRedirect(f"/customers/{customer_id}/")


def _find(identifier: str) -> int:
    found = api.find_customer_id(identifier)
    if found is None:
        raise NotFoundError(
            "no_such_customer",
            f"Nobody is known as {identifier[:100]!r}. Give a user id, an anonymous id or an e-mail address.",
            "other",
        )
    return found


def _describe(preview: api.MergePreview) -> dict[str, object]:
    sides = (preview.surviving, preview.absorbed, preview.merged)
    identifiers = [
        ", ".join((side.identifiers["user_id"] + side.identifiers["anonymous_id"])[:4]) for side in sides
    ]
    traits = [
        (describe_trait(trait.name), *map(_say, (trait.surviving, trait.absorbed, trait.merged)))
        for trait in preview.traits
        if trait.name != "email"
    ]
    return {
        "preview": preview,
        "sides": sides,
        "identifiers": identifiers,
        "reachable": [api.can_be_mailed(side) for side in sides],
        "traits": traits,
        "currency": api.find_shop_currency(),
    }


def _say(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(str(inner) for inner in value.values() if inner not in (None, ""))[:120]
    return "" if value is None else say_value(value)[:120]
