"""One person's mail: the template parsed and its links collected once per campaign, Liquid once per person."""

import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Protocol

import ibis
from django.utils.text import slugify

from tenure.base.errors import NotFoundError, TenureError
from tenure.campaigns import tokens
from tenure.campaigns.links import LINK_VARIABLE, collect_links
from tenure.campaigns.models import Campaign
from tenure.channels.api import OutgoingEmail
from tenure.config.environment import read_environment
from tenure.content import api as content
from tenure.customers import api as customers
from tenure.lake import api as lakes

BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
DOCUMENT = re.compile(r"<html\b", re.IGNORECASE)
UNSUBSCRIBE_VARIABLE = re.compile(r"\{\{-?\s*unsubscribe_url\b")
FOOTER = '<p><small>You get this mail from {{ company }}. <a href="{{ unsubscribe_url }}">Unsubscribe</a></small></p>'
PIXEL = '<img src="{{ tenure_pixel }}" width="1" height="1" alt="">'
SHELL = '<!doctype html><html><head><meta charset="utf-8"></head><body>{}\n</body></html>'
CACHED_CAMPAIGNS = 1_000
CACHED_CUSTOMERS = 5_000


class Recipient(Protocol):
    """What is needed of an outbox row."""

    @property
    def id(self) -> int: ...
    @property
    def campaign_id(self) -> int: ...
    @property
    def customer_id(self) -> int: ...
    @property
    def address(self) -> str: ...


@dataclass(frozen=True)
class PreparedMail:
    """A campaign's mail, ready to be filled for one person after the other."""

    name: str
    slug: str
    from_address: str
    domain: str
    company: str
    template: content.EmailTemplate
    links: tuple[str, ...]
    headers: Mapping[str, str]


def prepare_mail(campaign: Campaign) -> PreparedMail:
    """Parse the template, collect and tag the links, add footer and pixel."""
    environment = read_environment()
    definition = campaign.definition
    slug = compute_slug(campaign.name, campaign.pk)
    template, links = build_template(definition["subject"], definition["body"], slug)
    from_address = compute_sender(definition.get("from_name"))
    domain = _domain(from_address)
    headers = {
        "List-Id": f"<campaigns.{domain}>",
        "Feedback-ID": f"{campaign.pk}:{slug[:40]}:email:{_compute_sender_id(domain)}",
        "Precedence": "bulk",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return PreparedMail(
        name=campaign.name,
        slug=slug,
        from_address=from_address,
        domain=domain,
        company=environment.company,
        template=template,
        links=links,
        headers=headers,
    )


def build_template(
    subject: str, body: str, slug: str, is_tracked: bool = True
) -> tuple[content.EmailTemplate, tuple[str, ...]]:
    """The whole mail around a body, with footer, and the links in it by position.

    Not tracked: the links lead straight to their addresses, and there is no pixel. Errors: `template_error`.
    """
    html = content.body_to_html(body)
    if not UNSUBSCRIBE_VARIABLE.search(html):
        html = _put_at_end(html, FOOTER)
    linked = collect_links(html, slug)
    html = _put_at_end(linked.html, PIXEL) if is_tracked else linked.plain_html
    if not DOCUMENT.search(html):
        html = SHELL.format(html)
    template = content.EmailTemplate(
        content.parse_template(subject, "subject"),
        content.parse_template(html, "body"),
        content.parse_template(content.html_to_text(linked.plain_html), "body", "text"),
    )
    return template, linked.urls


def list_links(campaign: Campaign) -> tuple[str, ...]:
    """The addresses that a click may lead to, by position."""
    return prepare_mail(campaign).links


def compute_slug(name: str, campaign_id: int | str = "") -> str:
    """The campaign's name as utm_campaign and in headers."""
    return slugify(name)[:80] or f"campaign-{campaign_id}".rstrip("-")


class CampaignMessages:
    """Builds the mails of all campaigns for the sender.

    `prefetch` reads ledger and lake, in a thread; after it, `build_message` of the same rows reads neither,
    so that it may run in an event loop.
    """

    def __init__(self, base_url: str | None = None) -> None:
        self._base_url = (base_url or read_environment().base_url or "http://localhost:8000").rstrip("/")
        self._lock = threading.Lock()
        self._mails: dict[int, PreparedMail | TenureError] = {}
        self._people: dict[int, dict[str, Any]] = {}

    def prefetch(self, deliveries: Iterable[Recipient]) -> None:
        """Read what is known of these people and campaigns. A template that is wrong fails its rows later."""
        rows = list(deliveries)
        for campaign_id in {row.campaign_id for row in rows}:
            self._prepare(campaign_id)
        found = read_people(sorted({row.customer_id for row in rows}))
        with self._lock:
            for customer_id, person in found.items():
                self._people.pop(customer_id, None)
                self._people[customer_id] = person
            _drop_oldest(self._people, CACHED_CUSTOMERS)

    def build_message(self, delivery: Recipient) -> OutgoingEmail:
        """The mail of one outbox row. Errors: `no_such_campaign`, `template_error`."""
        mail = self._prepare(delivery.campaign_id)
        if isinstance(mail, TenureError):
            raise mail
        with self._lock:
            person = self._people.get(delivery.customer_id)
        if person is None:
            person = read_people([delivery.customer_id]).get(delivery.customer_id, {})
        return self.fill(mail, delivery, person)

    def fill(self, mail: PreparedMail, delivery: Recipient, person: Mapping[str, Any]) -> OutgoingEmail:
        """Render for one person; `person` as from `read_people`."""
        ids = delivery.campaign_id, delivery.id, delivery.customer_id
        unsubscribe_url = (
            f"{self._base_url}/u/{tokens.sign_token(tokens.UNSUBSCRIBE, tokens.TokenContent(*ids))}"
        )
        context: dict[str, Any] = {
            "customer": {**person, "email": person.get("email") or delivery.address},
            "campaign": {"name": mail.name},
            "company": mail.company,
            "unsubscribe_url": unsubscribe_url,
            "tenure_pixel": f"{self._base_url}/t/o/{tokens.sign_token(tokens.OPEN, tokens.TokenContent(*ids))}.gif",
        }
        for position in range(len(mail.links)):
            token = tokens.sign_token(tokens.CLICK, tokens.TokenContent(*ids, position))
            context[LINK_VARIABLE.format(position)] = f"{self._base_url}/t/c/{token}"
        rendered = mail.template.render(context)
        headers = {
            **mail.headers,
            "List-Unsubscribe": f"<{unsubscribe_url}>",
            "Message-ID": f"<{delivery.campaign_id}.{delivery.id}.{mail.slug}@{mail.domain}>",
        }
        return OutgoingEmail(
            to=delivery.address,
            from_address=mail.from_address,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            headers=headers,
        )

    def _prepare(self, campaign_id: int) -> PreparedMail | TenureError:
        with self._lock:
            found = self._mails.get(campaign_id)
        if found is not None:
            return found
        prepared: PreparedMail | TenureError
        try:
            prepared = prepare_mail(_get_campaign(campaign_id))
        except TenureError as error:
            prepared = error
        with self._lock:
            self._mails[campaign_id] = prepared
            _drop_oldest(self._mails, CACHED_CAMPAIGNS)
        return prepared


def read_people(customer_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What templates may say about these customers, by the id asked for; merged profiles are followed."""
    if not customer_ids:
        return {}
    merges, everybody = lakes.table("merges"), customers.build_customers()
    wanted = ibis.literal(list(customer_ids), "array<int64>").unnest().name("asked_id").as_table()
    moved = merges.select(from_id=merges.from_customer_id, into_id=merges.into_customer_id)
    followed = wanted.left_join(moved, [("asked_id", "from_id")]).select("asked_id", "into_id")
    current = followed.mutate(current_id=ibis.coalesce(followed.into_id, followed.asked_id))
    known = everybody.select(
        "customer_id", "external_id", "traits", "email", "phone", "name", "country", "segment", "phase"
    )
    rows = lakes.current().read_rows(current.join(known, [("current_id", "customer_id")]))
    return {row["asked_id"]: build_person(row) for row in rows}


def build_person(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the customers table as `customer` in templates: its traits, and the fields beside them."""
    traits = json.loads(row.get("traits") or "{}")
    fields = {name: row.get(name) for name in ("email", "phone", "name", "country", "segment", "phase")}
    known = {name: value for name, value in fields.items() if value is not None}
    return content.compute_variables({**traits, **known, "id": row.get("external_id")})


def _get_campaign(campaign_id: int) -> Campaign:
    campaign = Campaign.objects.filter(id=campaign_id).first()
    if campaign is None:
        raise NotFoundError("no_such_campaign", f"There is no campaign {campaign_id}.")
    return campaign


def _drop_oldest(cache: dict[int, Any], most: int) -> None:
    for key in list(cache)[: max(0, len(cache) - most)]:
        del cache[key]


def read_company() -> str:
    return read_environment().company


def compute_sender(from_name: str | None) -> str:
    """The From address of the settings, under another name where one is given."""
    configured = read_environment().from_email
    if not from_name:
        return configured
    quoted = from_name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{parseaddr(configured)[1]}>'


def _domain(from_address: str) -> str:
    return parseaddr(from_address)[1].rpartition("@")[2] or "localhost"


def _compute_sender_id(domain: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", domain.lower())[:15]
    return letters if len(letters) >= 5 else f"tenure{letters}"[:15]


def _put_at_end(html: str, addition: str) -> str:
    found = list(BODY_END.finditer(html))
    if not found:
        return f"{html}\n{addition}"
    at = found[-1].start()
    return f"{html[:at]}{addition}\n{html[at:]}"
