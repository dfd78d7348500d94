"""What every page knows: appearance, currency, company."""

from django.http import HttpRequest

from tenure.config.environment import read_environment

THEMES = ("system", "light", "dark")


def shell(request: HttpRequest) -> dict[str, object]:
    """Context processor of the shell."""
    environment = read_environment()
    theme = request.COOKIES.get("theme", "system")
    return {
        "theme": theme if theme in THEMES else "system",
        "currency": environment.currency,
        "company": environment.company,
    }
