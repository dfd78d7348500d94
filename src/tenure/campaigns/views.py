"""The campaigns pages: list, new, report."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.base import jobs
from tenure.base.access import has_role, require_role
from tenure.base.errors import ConflictError, TenureError
from tenure.campaigns import api, measuring, showing
from tenure.campaigns.forms import CampaignForm
from tenure.campaigns.preview import SamplePerson, find_sample
from tenure.channels import api as channels

MAIL_POLICY = "sandbox; default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
SESSION_KEY = "campaign_mail"


@require_GET
@require_role("viewer")
def list_page(request: HttpRequest) -> HttpResponse:
    rows = [showing.show_row(campaign) for campaign in api.list_campaigns()[:200]]
    context = {"rows": rows, "may_write": has_role(request.user, "marketer")}
    return render(request, "campaigns/list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@require_role("marketer")
def new_page(request: HttpRequest) -> HttpResponse:
    """The form; a POST saves the campaign as a draft and shows it, checked and counted, before it is sent."""
    if request.method == "GET":
        wanted = request.GET.get("segment")
        form = CampaignForm(initial={"segment": wanted} if wanted else None)
        return render(request, "campaigns/new.html", {"form": form})
    form = CampaignForm(request.POST)
    definition = form.read_definition()
    if definition is not None:
        try:
            campaign = api.create_campaign(definition, str(request.user))
        except ConflictError as error:
            form.add_tenure_error(error)
        else:
            request.session.pop(SESSION_KEY, None)
            return HttpResponseRedirect(f"/campaigns/{campaign.id}/")
    return render(request, "campaigns/new.html", {"form": form}, status=400)


@require_POST
@require_role("marketer")
def preview_fragment(request: HttpRequest) -> HttpResponse:
    """The plan and the mail of what the form says now; writes nothing but the mail to show."""
    context: dict[str, Any] = {}
    segment, taken = request.POST.get("segment", ""), request.POST.get("take_percent")
    try:
        share = showing.parse_percent(taken or request.POST.get("control_percent", ""))
        days = showing.parse_days(request.POST.get("measure_days", ""))
        context["plan"] = api.compute_plan_preview(api.find_audience(segment).name, share, days)
        proposed = context["plan"].proposal.control_share
        context["proposed_percent"] = showing.say_percent(proposed) if proposed != share else ""
        if taken:
            context["taken_field"] = CampaignForm.build_taken_field(showing.say_percent(share))
    except TenureError as error:
        context["plan_problem"] = error.message
    sample = context["plan"].sample if "plan" in context else ()
    try:
        mail = api.compute_mail_preview(
            request.POST.get("name", ""),
            request.POST.get("subject", ""),
            request.POST.get("body", ""),
            sample[0].customer_id if sample else None,
        )
    except TenureError as error:
        context["mail_problem"] = error.message
    else:
        request.session[SESSION_KEY] = mail.html[:600_000]
        context |= {
            "mail": mail,
            "mail_version": abs(hash(mail.html)),
            "person": sample[0] if sample else None,
        }
    return render(request, "campaigns/_preview.html", context)


@never_cache
@require_GET
@require_role("marketer")
def preview_mail(request: HttpRequest) -> HttpResponse:
    """The mail of the form, alone in its frame, under a policy of its own."""
    return _mail_response(request.session.get(SESSION_KEY, ""))


@never_cache
@require_GET
@require_role("viewer")
def campaign_mail(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The mail of a campaign as one customer, or nobody in particular, would see it, alone in its frame."""
    asked = request.GET.get("customer", "")[:18]
    customer_id = int(asked) if asked.isascii() and asked.isdecimal() else None
    return _mail_response(_show_mail(api.get_campaign(campaign_id), customer_id).html)


@never_cache
@require_GET
@require_role("viewer")
def report_page(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = api.get_campaign(campaign_id)
    context: dict[str, Any] = {"campaign": campaign, "may_write": has_role(request.user, "marketer")}
    if campaign.state == "draft":
        context["plan"] = plan = api.preview(campaign.definition)
        context |= _mail_context(campaign, plan.sample[0] if plan.sample else None)
        return render(request, "campaigns/draft.html", context)
    context["report"] = report = api.get_report(campaign_id)
    context["figures"] = showing.show_figures(report)
    context |= _mail_context(campaign, find_sample(measuring.find_first_recipient(campaign_id)))
    return render(request, "campaigns/report.html", context)


@never_cache
@require_GET
@require_role("viewer")
def progress_fragment(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """How far sending is; asks the page to load anew once it is over."""
    campaign = api.get_campaign(campaign_id)
    context = {"campaign": campaign, "counts": channels.count_states(campaign_id)}
    response = render(request, "campaigns/_progress.html", context)
    if campaign.state not in showing.MOVING_STATES:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@require_role("marketer")
def send(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Plan and hand over in the background; a second press changes nothing."""
    campaign, actor = api.get_campaign(campaign_id), str(request.user)
    if campaign.state == "cancelled":
        raise ConflictError("campaign_cancelled", f"{campaign.name!r} was cancelled. Make a new campaign.")

    def work(progress: jobs.JobProgress) -> dict[str, Any]:
        return {"state": api.send_campaign(campaign_id, actor, progress.report).state}

    jobs.start_job("campaigns.send", work, actor)
    messages.success(request, f"{campaign.name} is on its way.")
    return HttpResponseRedirect(f"/campaigns/{campaign_id}/")


@require_POST
@require_role("marketer")
def cancel(request: HttpRequest, campaign_id: int) -> HttpResponse:
    stopped = api.cancel(campaign_id, str(request.user))
    messages.success(request, f"Cancelled. {stopped:,} mails stay unsent.")
    return HttpResponseRedirect(f"/campaigns/{campaign_id}/")


@require_POST
@require_role("marketer")
def resolve_in_doubt(request: HttpRequest, campaign_id: int, delivery_id: int) -> HttpResponse:
    """A person looked whether a doubtful mail arrived, and says so."""
    api.resolve_in_doubt(campaign_id, delivery_id, request.POST.get("arrived") == "yes", str(request.user))
    messages.success(request, "Noted.")
    return HttpResponseRedirect(f"/campaigns/{campaign_id}/#in-doubt")


def _mail_context(campaign: api.CampaignView, person: SamplePerson | None) -> dict[str, Any]:
    return {"mail": _show_mail(campaign, person.customer_id if person else None), "person": person}


def _show_mail(campaign: api.CampaignView, customer_id: int | None) -> api.MailPreview:
    definition = campaign.definition
    return api.compute_mail_preview(definition.name, definition.subject, definition.body, customer_id)


def _mail_response(html: str) -> HttpResponse:
    response = HttpResponse(html or "<p>Nothing to show yet.</p>")
    response["Content-Security-Policy"] = MAIL_POLICY
    return response
