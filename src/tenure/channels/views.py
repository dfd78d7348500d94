"""The mailbox of the local catcher: what would have reached people, and how it looks."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenure.base.access import require_role
from tenure.channels import mailbox

PAGE_MAILS = 50
BODY_POLICY = (
    "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src data:; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


@require_GET
@require_role("viewer")
def show_mailbox(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:254]
    page = _read_page(request.GET.get("page", ""))
    found = mailbox.list_mails(query, (page - 1) * PAGE_MAILS, PAGE_MAILS)
    first = (page - 1) * PAGE_MAILS + 1
    last = first + len(found.mails) - 1
    context = {
        "query": query,
        "mails": found.mails,
        "total": found.total_count,
        "first": first,
        "last": last,
        "previous_href": _page_href(query, page - 1) if page > 1 else "",
        "next_href": _page_href(query, page + 1) if last < found.total_count else "",
    }
    return render(
        request,
        "channels/_mails.html" if request.headers.get("HX-Request") else "channels/mailbox.html",
        context,
    )


@require_GET
@require_role("viewer")
def show_mail(request: HttpRequest, mail_id: int) -> HttpResponse:
    opened = mailbox.get_mail(mail_id)
    return render(request, "channels/mail.html", {"opened": opened, "mail": opened.mail})


@require_GET
@require_role("viewer")
def show_body(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML of a mail for its frame: no scripts, no forms, links open beside it."""
    opened = mailbox.get_mail(mail_id)
    response = HttpResponse('<base target="_blank">' + (opened.html or ""))
    response["Content-Security-Policy"] = BODY_POLICY
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
@require_role("viewer")
def show_source(request: HttpRequest, mail_id: int) -> HttpResponse:
    response = HttpResponse(mailbox.get_mail(mail_id).content, content_type="text/plain; charset=utf-8")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _read_page(text: str) -> int:
    return max(1, min(int(text), 1_000_000)) if text.isdecimal() and len(text) < 8 else 1


def _page_href(query: str, page: int) -> str:
    return "/mailbox/?" + urlencode({"q": query, "page": page} if query else {"page": page})
