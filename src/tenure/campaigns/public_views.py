"""What recipients' mail readers and browsers ask for: pixel, links, unsubscription. No sign-in, no cookies."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tenure.campaigns import tracking

BAD_LINK = (
    "This link is not one of ours, or it was cut off on its way. Open the mail again and use the whole link."
)


class LinkRedirect(HttpResponseRedirect):
    """To the stored address of a link; web addresses only."""

    allowed_schemes = ["http", "https"]


@require_safe
@never_cache
def open_pixel(request: HttpRequest, token: str) -> HttpResponse:
    """The pixel of a mail, which says that it was opened."""
    if request.method == "GET" and not tracking.record_open(token, request.headers.get("User-Agent", "")):
        return _say_bad_link(request)
    response = HttpResponse(tracking.PIXEL, content_type="image/gif")
    response["Cache-Control"] = "no-store, max-age=0"
    return response


@require_safe
@never_cache
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """On to the address that the campaign stored for this link, and to no other."""
    agent = request.headers.get("User-Agent", "") if request.method == "GET" else ""
    url = tracking.record_click(token, agent)
    if url is None:
        return _say_bad_link(request)
    response = LinkRedirect(url)
    response["Referrer-Policy"] = "no-referrer"
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Looking (GET) only asks; a POST, by the button or by a mail program (RFC 8058), unsubscribes."""
    found = tracking.find_unsubscribe(token)
    if found is None:
        return _say_bad_link(request)
    if request.method == "POST" and not tracking.unsubscribe(token):
        return _say_bad_link(request)
    is_done = found.is_unsubscribed or request.method == "POST"
    return render(request, "campaigns/unsubscribe.html", {"found": found, "is_done": is_done})


def _say_bad_link(request: HttpRequest) -> HttpResponse:
    return render(request, "campaigns/bad_link.html", {"text": BAD_LINK}, status=404)
