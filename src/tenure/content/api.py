"""The door of the content room: templates in Liquid, and what turns a body into HTML and text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenure.base.errors import TenureError
from tenure.content.markup import body_to_html, html_to_text, is_html
from tenure.content.template import (
    Template,
    compute_undefined,
    list_variables,
    parse_template,
    preview_template,
)

__all__ = [
    "EmailTemplate",
    "RenderedEmail",
    "Template",
    "body_to_html",
    "compute_undefined",
    "compute_variables",
    "html_to_text",
    "is_html",
    "list_variables",
    "parse_email",
    "parse_template",
    "preview_template",
]

UPPER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class RenderedEmail:
    """One person's mail: subject on one line, HTML part, plain-text part."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class EmailTemplate:
    """Subject, HTML and plain-text templates of one mail, parsed once and rendered per person."""

    subject: Template
    html: Template
    text: Template

    def render(self, context: Mapping[str, Any]) -> RenderedEmail:
        """Errors: `template_error` with the field and the line."""
        return RenderedEmail(
            self.subject.render(context), self.html.render(context), self.text.render(context)
        )


def parse_email(subject: str, body: str) -> EmailTemplate:
    """Parse a mail. A body without HTML tags becomes paragraphs; the plain-text part comes from the HTML.

    Errors: `template_error` (field `subject` or `body`), `required` for an empty one.
    """
    for field, source in (("subject", subject), ("body", body)):
        if not source.strip():
            raise TenureError("required", f"The {field} is empty. Write one.", field)
    parse_template(body, "body")
    html = body_to_html(body)
    return EmailTemplate(
        parse_template(subject, "subject"),
        parse_template(html, "body"),
        parse_template(html_to_text(html), "body", "text"),
    )


def compute_variables(traits: Mapping[str, Any]) -> dict[str, Any]:
    """Traits as templates see them: as given, and in snake_case too (`firstName` also as `first_name`)."""
    variables = dict(traits)
    for name, value in traits.items():
        shown = compute_variables(value) if isinstance(value, Mapping) else value
        variables[name] = shown
        variables.setdefault(UPPER.sub("_", name).lower().replace(" ", "_"), shown)
    return variables
