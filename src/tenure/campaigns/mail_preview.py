"""The mail as one person would see it, and what is wrong with the names in it."""

import re
from dataclasses import dataclass
from typing import Any

from tenure.base.errors import TenureError, UnavailableError
from tenure.campaigns import message, variables
from tenure.campaigns.definition import CampaignDefinition
from tenure.channels import api as channels
from tenure.content import api as content

TEST_PREFIX = "[Test] "
NO_UNSUBSCRIBE = "#unsubscribe"
LINK = re.compile(r"""(<a(?:rea)?\b[^>]*?\bhref\s*=\s*)("[^"]*"|'[^']*'|[^\s>"']+)""", re.IGNORECASE)


@dataclass(frozen=True)
class MailPreview:
    """The mail with footer and links that lead nowhere; `[undefined: name]` where a draft names what is not known.

    `missing`: what this person does not have; `unknown`: what no customer has, as a sentence each.
    """

    subject: str
    html: str
    missing: tuple[tuple[str, int], ...]
    unknown: tuple[str, ...] = ()

    @property
    def warning(self) -> str:
        """What a template names wrongly, or this person does not have; empty when nothing."""
        sentences = list(self.unknown)
        if self.missing:
            names = ", ".join(f"{name} (line {line})" for name, line in self.missing)
            advice = 'Give a default: {{ name | default: "there" }}.'
            sentences.append(f"Not known of this person: {names}. {advice}")
        return " ".join(sentences)


def compute_mail_preview(
    name: str, subject: str, body: str, customer_id: int | None = None, is_draft: bool = True
) -> MailPreview:
    """Render the mail for one customer, or for nobody in particular; a draft shows what is missing.

    Errors: `template_error`.
    """
    written = content.parse_email(subject, body)
    whole, _ = message.build_template(subject, body, message.compute_slug(name), is_tracked=False)
    context = _build_context(name, customer_id)
    if not is_draft:
        return MailPreview(whole.subject.render(context), _disarm(whole.html.render(context)), ())
    shown_subject, missing_in_subject = content.preview_template(written.subject, context)
    missing_in_body = content.compute_undefined(written.html, context)
    html, _ = content.preview_template(whole.html, context)
    unknown = variables.list_unknown((written.subject, written.html), context["customer"])
    mistaken = {one.name for one in unknown}
    missing = [one for one in (*missing_in_subject, *missing_in_body) if one[0] not in mistaken]
    return MailPreview(
        shown_subject,
        _disarm(html),
        tuple(dict.fromkeys(missing)),
        tuple(dict.fromkeys(one.sentence for one in unknown)),
    )


def show_subject(name: str, subject: str) -> str:
    """A subject for nobody in particular: with its defaults, and what has none in plain words.

    `{{ customer.first_name }}, hello` is "(first name), hello". One that cannot be read stays as it is.
    """
    try:
        template = content.parse_template(subject, "subject")
        shown, missing = content.preview_template(template, _build_context(name, None))
    except TenureError:
        return subject
    for path, _ in missing:
        words = path.rpartition(".")[2].replace("_", " ")
        shown = shown.replace(f"[undefined: {path}]", f"({words})")
    return shown


def send_test(definition: CampaignDefinition, customer_id: int | None, address: str) -> None:
    """Send one mail to `address`, rendered for a customer: beside the outbox, not tracked, in no report.

    Errors: `template_error`, `no_sender`, `mail_server_refuses`, `bad_address`, `test_not_sent`.
    """
    name = definition.name
    slug = message.compute_slug(name)
    template, _ = message.build_template(definition.subject, definition.body, slug, is_tracked=False)
    rendered = template.render(_build_context(name, customer_id))
    outcome = channels.send_alone(
        channels.OutgoingEmail(
            to=address,
            from_address=message.compute_sender(definition.from_name),
            subject=f"{TEST_PREFIX}{rendered.subject}",
            html=rendered.html,
            text=rendered.text,
        )
    )
    if outcome.state != "sent":
        text = f"The mail server did not take the test: {outcome.text or outcome.state}"
        raise UnavailableError("test_not_sent", text)


def _build_context(name: str, customer_id: int | None) -> dict[str, Any]:
    person: dict[str, Any] = {}
    if customer_id is not None:
        person = message.read_people([customer_id]).get(customer_id, {})
    return {
        "customer": person,
        "campaign": {"name": name},
        "company": message.read_company(),
        "unsubscribe_url": NO_UNSUBSCRIBE,
    }


def _disarm(html: str) -> str:
    return LINK.sub(lambda found: f'{found.group(1)}"#"', html)
