"""The pages of personas: all of them, one with its profile card, and the card alone."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenure.base.access import require_role
from tenure.segments import personas
from tenure.segments.definitions.library import get_segment


@require_GET
@require_role("viewer")
def show_personas(request: HttpRequest) -> HttpResponse:
    return render(request, "segments/personas/list.html", {"personas": personas.list_personas()})


@require_GET
@require_role("viewer")
def show_persona(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "segments/personas/persona.html", {"segment": get_segment(name).segment})


@require_GET
@require_role("viewer")
def show_card(request: HttpRequest, name: str) -> HttpResponse:
    """A fragment for htmx, because the profile may take a moment."""
    return render(request, "segments/personas/_card.html", {"card": personas.compute_persona(name)})
