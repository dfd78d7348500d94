"""The campaigns pages: list, new, report."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.base import jobs
from tenure.base.access import has_role, require_role
from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.campaigns import api, measuring, showing
from tenure.campaigns.forms import CampaignForm
from tenure.campaigns.preview import SamplePerson, find_sample
from tenure.campaigns.progress import build_job_kind
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
    return _save(request, None, lambda definition: api.create_campaign(definition, str(request.user)))


@never_cache
@require_http_methods(["GET", "POST"])
@require_role("marketer")
def edit_page(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The same form on a draft; a campaign that is no draft any more shows itself instead."""
    campaign = api.get_campaign(campaign_id)
    if campaign.state != "draft":
        return HttpResponseRedirect(f"/campaigns/{campaign_id}/")
    if request.method == "GET":
        form = CampaignForm(initial=CampaignForm.build_initial(campaign.definition))
        return render(request, "campaigns/new.html", {"form": form, "campaign": campaign})
    return _save(
        request,
        campaign,
        lambda definition: api.update_draft(campaign_id, definition, str(request.user)),
    )


def _save(
    request: HttpRequest,
    campaign: api.CampaignView | None,
    save: Callable[[api.CampaignDefinition], api.CampaignView],
) -> HttpResponse:
    form = CampaignForm(request.POST)
    definition = form.read_definition()
    if definition is not None:
        try:
            saved = save(definition)
        except ConflictError as error:
            form.add_tenure_error(error)
        else:
            request.session.pop(SESSION_KEY, None)
            return HttpResponseRedirect(f"/campaigns/{saved.id}/")
    return render(request, "campaigns/new.html", {"form": form, "campaign": campaign}, status=400)


@require_POST
@require_role("marketer")
def hold_out(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Take the proposed control group on a draft."""
    share = showing.parse_percent(request.POST.get("percent", ""))
    definition = api.get_campaign(campaign_id).definition.model_copy(update={"control_share": share})
    api.update_draft(campaign_id, definition, str(request.user))
    messages.success(request, f"{showing.say_percent(share)}% are held out now.")
    return HttpResponseRedirect(f"/campaigns/{campaign_id}/")


@require_POST
@require_role("marketer")
def send_test(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """One mail to whoever presses, as the sample customer would get it."""
    asked = request.POST.get("customer", "")[:18]
    customer_id = int(asked) if asked.isascii() and asked.isdecimal() else None
    address = str(getattr(request.user, "email", ""))
    try:
        api.send_test(campaign_id, customer_id, address, str(request.user))
    except NotFoundError:
        raise
    except TenureError as error:
        messages.error(request, f"The test was not sent. {error.message}")
    else:
        messages.success(request, f"A test went to {address}. It counts in no report.")
    return HttpResponseRedirect(f"/campaigns/{campaign_id}/")


@require_POST
@require_role("marketer")
def preview_fragment(request: HttpRequest) -> HttpResponse:
    """The plan and the mail of what the form says now; writes nothing but the mail to show."""
    context: dict[str, Any] = {}
    segment, taken = request.POST.get("segment", ""), request.POST.get("take_percent")
    try:
        share = showing.parse_percent(taken or request.POST.get("control_percent", ""))
        days = showing.parse_days(request.POST.get("measure_days", ""))
        context["plan"] = api.compute_plan_preview(
            api.find_audience(segment).name, share, days, request.POST.get("body", "")
        )
        context["proposed_percent"] = showing.propose_percent(context["plan"], share)
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
        context["proposed_percent"] = showing.propose_percent(plan, campaign.control_share)
        context |= _mail_context(campaign, plan.sample[0] if plan.sample else None)
        return render(request, "campaigns/draft.html", context)
    context["progress"] = progress = api.get_progress(campaign_id)
    if progress.is_over:
        context["report"] = report = api.get_report(campaign_id)
        context["figures"] = showing.show_figures(report)
        context["campaign"] = campaign = api.get_campaign(campaign_id)
    context["in_doubt"] = channels.list_in_doubt(campaign_id, 100)
    context |= _mail_context(campaign, find_sample(measuring.find_first_recipient(campaign_id)))
    return render(request, f"campaigns/{'report' if progress.is_over else 'sending'}.html", context)


@never_cache
@require_GET
@require_role("viewer")
def progress_fragment(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """How far sending is; asks the page to load anew once it is over."""
    campaign, progress = api.get_campaign(campaign_id), api.get_progress(campaign_id)
    context = {
        "campaign": campaign,
        "progress": progress,
        "may_write": has_role(request.user, "marketer"),
    }
    response = render(request, "campaigns/_progress.html", context)
    if progress.is_over and campaign.state != "draft":
        response["HX-Refresh"] = "true"
    return response


@require_POST
@require_role("marketer")
def send(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Take it out of the drafts at once, plan and hand over in the background; a second press changes nothing."""
    actor = str(request.user)
    try:
        has_started = api.start_campaign(campaign_id, actor)
    except (NotFoundError, ConflictError):
        raise
    except TenureError as error:
        messages.error(request, f"Nothing was sent. {error.message}")
        return HttpResponseRedirect(f"/campaigns/{campaign_id}/")
    if has_started or api.get_progress(campaign_id).is_stuck:

        def work(progress: jobs.JobProgress) -> dict[str, Any]:
            return {"state": api.send_campaign(campaign_id, actor, progress.report).state}

        jobs.start_job(build_job_kind(campaign_id), work, actor)
    return HttpResponseRedirect(f"/campaigns/{campaign_id}/")


@require_POST
@require_role("marketer")
def cancel(request: HttpRequest, campaign_id: int) -> HttpResponse:
    stopped = api.cancel(campaign_id, str(request.user))
    messages.success(request, f"Cancelled. {stopped:,} mails stay unsent.")
    return HttpResponseRedirect(f"/campaigns/{campaign_id}/")


@require_POST
@require_role("marketer")
def discard(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Throw a draft away; one that is being sent meanwhile is left alone, and shown."""
    try:
        api.discard_draft(campaign_id, str(request.user))
    except ConflictError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Discarded. Nothing was sent.")
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
    return api.compute_mail_preview(
        definition.name,
        definition.subject,
        definition.body,
        customer_id,
        is_draft=campaign.state == "draft",
    )


def _mail_response(html: str) -> HttpResponse:
    response = HttpResponse(html or "<p>Nothing to show yet.</p>")
    response["Content-Security-Policy"] = MAIL_POLICY
    return response
