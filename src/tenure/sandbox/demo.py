"""The demo's story: a year of a shop, a campaign to win customers back, how they answered, and one sent too small."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.campaigns import api as campaigns
from tenure.config.environment import read_environment
from tenure.events import api as events
from tenure.sandbox.catalogue import SHOP_NAME, SHOP_URL
from tenure.sandbox.mailboxes import answer_by_links, catching_mails, read_mailing, send_and_wait
from tenure.sandbox.shop import Shop, build_shop, continue_shop, receive_mailing
from tenure.sandbox.truth import build_truth
from tenure.sandbox.writing import Stretch
from tenure.segments import api as segments

Progress = Callable[[float | None, str], None]
MEASURE_DAYS = 14
MAIN_DAYS_AGO, SMALL_DAYS_AGO = 15, 6
LEAST_DAYS = 60
LEAST_AUDIENCE = 30
BATCH_ROWS = 100_000
BY_LINKS = 60

MAIN_CAMPAIGN = {
    "name": "We miss you",
    "segment": "Reactivation",
    "subject": "{{ customer.first_name | default: 'Hello' }}, your coffee corner has been quiet",
    "body": (
        "<p>Hello {{ customer.first_name | default: 'there' }},</p>"
        f"<p>it has been a while. The new harvest is in, and <b>{SHOP_NAME}</b> would like you to taste it: "
        "15 % off your next order with the code <b>QUIETCUP</b>.</p>"
        f'<p><a href="{SHOP_URL}/shop/coffee-beans">See the new harvest</a></p>'
    ),
    "control_share": 0.5,
    "measure_days": MEASURE_DAYS,
}
SMALL_CAMPAIGN = {
    "name": "Thank you, champions",
    "segment": "Champions",
    "subject": "A first look for you, {{ customer.first_name | default: 'dear customer' }}",
    "body": (
        "<p>Hello {{ customer.first_name | default: 'there' }},</p>"
        "<p>few people know our coffee as well as you do. Before anyone else, see what we roast next month.</p>"
        f'<p><a href="{SHOP_URL}/gifts">Have a first look</a></p>'
    ),
    "control_share": 0.1,
    "measure_days": MEASURE_DAYS,
}


@dataclass(frozen=True)
class DemoResult:
    """What the demo made. `campaigns` are the names, the proven one first."""

    customers_count: int
    events_count: int
    requests_count: int
    campaigns: tuple[str, ...]


def run_demo(
    customers: int = 20_000, days: int = 365, seed: int = 1, progress: Progress = lambda share, text: None
) -> DemoResult:
    """Fill an empty data folder with a simulated shop and two campaigns, up to now.

    Needs the folder open in this process, and no sender in it: mails go to a catcher of its own. The truth is
    written to the folder's `sandbox/`, once for each campaign. Errors: `too_few_days`, `bad_shop`.
    """
    if days < LEAST_DAYS:
        raise TenureError("too_few_days", f"The demo needs at least {LEAST_DAYS} days.", "days")
    now = clock.now()
    environment = read_environment()
    main_at, small_at = now - timedelta(days=MAIN_DAYS_AGO), now - timedelta(days=SMALL_DAYS_AGO)
    progress(None, "Inventing customers")
    with clock.virtual(main_at) as time, catching_mails():
        shop = build_shop(customers, days - MAIN_DAYS_AGO, seed, main_at, environment.currency)
        _append(shop.history, progress, 0.02, 0.70)
        requests = _run_campaign(shop, MAIN_CAMPAIGN, time, small_at, progress, 0.70)
        _append(continue_shop(shop, small_at), progress, 0.82, 0.86)
        time.move_to(small_at)
        requests += _run_campaign(shop, SMALL_CAMPAIGN, time, now, progress, 0.86)
        _append(continue_shop(shop, now), progress, 0.92, 0.96)
    progress(0.96, "Scoring customers")
    events.wait_until_folded(120)
    segments.refresh()
    progress(1.0, f"{SHOP_NAME} is open")
    return DemoResult(
        customers_count=customers,
        events_count=shop.events_count,
        requests_count=requests,
        campaigns=tuple(
            name
            for name in (str(MAIN_CAMPAIGN["name"]), str(SMALL_CAMPAIGN["name"]))
            if campaigns.find_campaign(name) is not None
        ),
    )


def _run_campaign(
    shop: Shop,
    definition: dict[str, object],
    time: clock.VirtualClock,
    until: datetime,
    progress: Progress,
    share: float,
) -> int:
    """Score, send, and let the people answer. Gives the number of requests made to links in mails.

    A shop too small to hold a group out sends nothing.
    """
    progress(share, "Scoring customers")
    events.wait_until_folded(120)
    segments.refresh()
    name = str(definition["name"])
    build_truth(shop).write(read_environment().home / "sandbox" / f"truth-{shop.until:%Y-%m-%d}.parquet")
    progress(share + 0.02, f"Sending “{name}”")
    plan = campaigns.preview(campaigns.parse_definition(definition))
    if plan.eligible_count < LEAST_AUDIENCE:
        return 0
    salt = hashlib.sha256(f"{shop.seed}:{name}".encode()).hexdigest()[:32]
    campaigns.create_campaign(definition, "demo", salt=salt)
    campaign = send_and_wait(name)
    events.wait_until_folded(120)
    mailing, numbers = read_mailing(campaign, SHOP_URL, BY_LINKS)
    answers = receive_mailing(shop, mailing)
    progress(share + 0.05, "People open their mail")
    return answer_by_links(shop, mailing, answers, numbers, time, until)


def _append(stretch: Stretch, progress: Progress, begin: float, end: float) -> None:
    written = 0
    for batch in stretch.iterate_batches(BATCH_ROWS):
        events.append_batch(batch)
        written += batch.num_rows
        share = begin + (end - begin) * written / max(stretch.events_count, 1)
        progress(share, f"{written:,} of {stretch.events_count:,} events")
