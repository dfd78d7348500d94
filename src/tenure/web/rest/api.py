"""The door of the HTTP API: its description, for the reference."""

from typing import Any

from tenure.web.rest.service import api


def build_document() -> dict[str, Any]:
    """The OpenAPI document as a server gives it."""
    return dict(api.get_openapi_schema())


__all__ = ["build_document"]
