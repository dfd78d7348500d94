"""The people's side of the mail: what reached them, and real requests to the links in a sample of it."""

import re
import time as real_time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.base import clock
from tenure.base.errors import ConflictError, UnavailableError
from tenure.campaigns import api as campaigns
from tenure.channels import api as channels
from tenure.customers import api as customers
from tenure.lake import api as lakes
from tenure.sandbox.mailing import MAILING_ROWS, Mailing
from tenure.sandbox.responses import Answers
from tenure.sandbox.shop import Shop

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
LINK = re.compile(r'(?:href|src)="(https?://[^"]+)"')
OPEN_PATH, CLICK_PATH, UNSUBSCRIBE_PATH = "/t/o/", "/t/c/", "/u/"


@contextmanager
def catching_mails() -> Iterator[None]:
    """Send through a mail catcher of this process, whatever the settings say: the demo's mails go nowhere else.

    Errors: ConflictError while this process sends mails already.
    """
    if channels.get_sender_status().state != "stopped":
        message = "This process sends mails already. Make the demo in a process of its own."
        raise ConflictError("sender_runs", message)
    catcher = channels.Catcher()
    messages = campaigns.CampaignMessages()
    sender = channels.Sender(
        messages.build_message, catcher.start(), on_sent=campaigns.record_sent, prepare=messages.prefetch
    )
    try:
        channels.start_sender(sender)
        yield
    finally:
        channels.stop_sender()
        catcher.stop()


def send_and_wait(name: str, timeout_seconds: float = 120) -> campaigns.CampaignView:
    """Send a campaign and return when every mail is out. Errors: UnavailableError when that takes too long."""
    campaign = campaigns.send_campaign(name, "demo")
    channels.notify()
    deadline = real_time.monotonic() + timeout_seconds
    while real_time.monotonic() < deadline:
        states = channels.count_states(campaign.id)
        if not states["planned"] and not states["claimed"]:
            return campaigns.get_campaign(name)
        real_time.sleep(0.05)
    raise UnavailableError(
        "mails_stuck", f"The mails of {name!r} did not get out: {channels.get_sender_status().text}"
    )


def read_mailing(
    campaign: campaigns.CampaignView, link_url: str, by_http: int
) -> tuple[Mailing, dict[str, int]]:
    """The mails that were really sent, by their `Email Sent` events; up to `by_http` of them answer by their links.

    Gives the mailing, and the caught mail's number for each external id that answers by links. In the order of the
    external ids, so that it does not depend on which connection was faster.
    """
    events, everybody = lakes.table("events"), customers.build_customers()
    properties = events.properties.cast("json")
    mails = events.filter(
        events.type == "track",
        events.event == "Email Sent",
        properties["campaign_id"].cast("string") == str(campaign.id),
    )
    sent = mails.select(
        "customer_id",
        delivery_id=mails.properties.cast("json")["delivery_id"].cast("int64"),
        sent_at=mails.occurred_at,
    )
    people = everybody.select("customer_id", "external_id", email=everybody.email.strip().lower())
    rows = lakes.current().read(sent.join(people, "customer_id").order_by("external_id"))
    if not rows.num_rows:
        raise UnavailableError("no_mails_sent", f"No mail of {campaign.name!r} is in the lake as sent.")
    chosen = np.linspace(0, rows.num_rows - 1, min(by_http, rows.num_rows)).astype(np.int64)
    caught = _find_caught(rows["email"].take(pa.array(chosen)).to_pylist())
    is_by_http = pc.is_in(rows["email"], value_set=pa.array(list(caught), pa.string()))
    table = pa.table(
        [rows["external_id"], rows["delivery_id"], rows["sent_at"], is_by_http], schema=MAILING_ROWS
    )
    sample = rows.filter(is_by_http)
    pairs = zip(sample["external_id"].to_pylist(), sample["email"].to_pylist(), strict=True)
    numbers = {external_id: caught[email] for external_id, email in pairs}
    return Mailing(campaign.id, campaign.name, campaign.definition.subject, link_url, table), numbers


def _find_caught(addresses: list[str]) -> dict[str, int]:
    """The number of the newest caught mail to each address of a sample of a few dozen."""
    found: dict[str, int] = {}
    for address in addresses:
        for mail in channels.list_mails(address, limit=10).mails:
            if mail.recipient == address:
                found.setdefault(address, mail.id)
    return found


def answer_by_links(
    shop: Shop,
    mailing: Mailing,
    answers: Answers,
    numbers: dict[str, int],
    time: clock.VirtualClock,
    until: datetime,
) -> int:
    """Open, click and unsubscribe by requests to the links in the caught mails, each at its moment. Gives how many.

    Only the sample's mails are parsed: this is a loop over a few dozen mails, not over customers.
    """
    from django.core.wsgi import get_wsgi_application

    chosen = np.flatnonzero(mailing.sent["is_by_http"].to_numpy())
    external_ids = mailing.sent["external_id"].take(pa.array(chosen)).to_pylist()
    visits: list[tuple[datetime, str, str]] = []
    for row, external_id in zip(chosen.tolist(), external_ids, strict=True):
        html = channels.get_mail(numbers[external_id]).html or ""
        paths = [urlsplit(url).path for url in LINK.findall(html)]
        planned = (
            (answers.opened_at[row], "GET", OPEN_PATH),
            (answers.clicked_at[row], "GET", CLICK_PATH),
            (answers.unsubscribes_at[row], "POST", UNSUBSCRIBE_PATH),
        )
        for day, method, prefix in planned:
            path = next((path for path in paths if path.startswith(prefix)), None)
            if path and np.isfinite(day) and (at := shop.starts_at + timedelta(days=float(day))) < until:
                visits.append((at, method, path))
    transport = httpx.WSGITransport(app=get_wsgi_application())
    with httpx.Client(
        transport=transport, base_url="http://localhost", headers={"User-Agent": BROWSER}
    ) as browser:
        for at, method, path in sorted(visits):
            time.move_to(at)
            response = browser.request(method, path)
            if response.status_code >= 400:
                raise UnavailableError(
                    "bad_link", f"A link of the demo's mail answered {response.status_code}: {path}"
                )
    return len(visits)
