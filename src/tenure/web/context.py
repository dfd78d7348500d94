"""What every page knows: appearance, currency, company, whether the reader may act."""

from django.http import HttpRequest

from tenure.base.access import has_role
from tenure.config.environment import read_environment

THEMES = ("system", "light", "dark")


def shell(request: HttpRequest) -> dict[str, object]:
    """Context processor of the shell."""
    environment = read_environment()
    theme = request.COOKIES.get("theme", "system")
    return {
        "may_act": hasattr(request, "user") and has_role(request.user, "marketer"),
        "theme": theme if theme in THEMES else "system",
        "currency": environment.currency,
        "company": environment.company,
    }
