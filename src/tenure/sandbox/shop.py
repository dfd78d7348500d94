"""A simulated shop with a known truth: built up to a moment, then continued."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.base.errors import TenureError
from tenure.sandbox.happenings import (
    Happenings,
    draw_order_events,
    draw_visit_events,
    list_answers,
    list_refunds,
    list_sign_ups,
    list_unsubscribes,
)
from tenure.sandbox.mailing import Mailing
from tenure.sandbox.people import People, draw_people
from tenure.sandbox.process import Refunds, copy_people, draw_orders, draw_refunds, draw_visits, drop_future
from tenure.sandbox.responses import Answers, draw_answers
from tenure.sandbox.season import Season
from tenure.sandbox.writing import Identities, Stretch, build_identities

AHEAD_DAYS = 60


@dataclass
class Shop:
    """The shop at the moment `until`. `history` is the stretch of time simulated last."""

    seed: int
    starts_at: datetime
    until: datetime
    currency: str
    season: Season
    people: People
    identities: Identities
    history: Stretch
    pending_refunds: Refunds
    mailings: tuple[Mailing, ...]
    answers: Answers
    orders_count: int
    events_count: int
    stretches_count: int

    @property
    def external_ids(self) -> pa.Array:
        """Each person's id as the product knows it, in the order of the arrays of `people`."""
        return self.identities.get_external_ids(self.people)

    def find_people(self, external_ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Indexes of people by external id; an unknown id is a mistake."""
        places = pc.index_in(external_ids, value_set=self.external_ids)
        if places.null_count:
            raise TenureError("unknown_person", "This shop has nobody with some of the given ids.")
        return np.asarray(places.to_numpy(zero_copy_only=False), dtype=np.int64)


def build_shop(customers: int, days: int, seed: int, until: datetime, currency: str = "EUR") -> Shop:
    """Build a shop in which `customers` people turned up in the `days` days before `until` (aware).

    The same arguments give the same shop and the same events, byte for byte.
    """
    if customers < 1 or not 1 <= days <= 3650:
        raise TenureError("bad_shop", "A shop needs at least one customer and 1 to 3650 days.", "customers")
    until = until.astimezone(UTC)
    starts_at = until - timedelta(days=days)
    season = Season(starts_at, days + AHEAD_DAYS)
    people = draw_people(customers, days, AHEAD_DAYS, season, np.random.default_rng([seed, 0]))
    identities = build_identities(seed, len(people))
    shop = Shop(
        seed=seed,
        starts_at=starts_at,
        until=starts_at,
        currency=currency,
        season=season,
        people=people,
        identities=identities,
        history=None,  # type: ignore[arg-type]
        pending_refunds=Refunds.none(),
        mailings=(),
        answers=Answers.none(),
        orders_count=0,
        events_count=0,
        stretches_count=0,
    )
    continue_shop(shop, until)
    return shop


def continue_shop(shop: Shop, until: datetime) -> Stretch:
    """Let the shop live on to `until` and return what happened; mails received before are answered. Moves `shop`."""
    until = until.astimezone(UTC)
    latest = shop.starts_at + timedelta(days=shop.season.days)
    if not shop.until < until <= latest:
        message = f"The shop can be continued from {shop.until} to at most {latest}."
        raise TenureError("bad_until", message, "until")
    rng = np.random.default_rng([shop.seed, 1, shop.stretches_count])
    stretch = _simulate(shop, until, rng)
    shop.history = stretch
    shop.until = until
    shop.orders_count += len(stretch.orders)
    shop.events_count += len(stretch.happenings)
    shop.stretches_count += 1
    return stretch


def receive_mailing(shop: Shop, mailing: Mailing) -> Answers:
    """Put mails in the people's mailboxes: how each will answer is drawn now, by the planted truth; repeatable.

    What they do then happens in the stretches that follow. Mails are sent at `shop.until` or later.
    """
    person = shop.find_people(mailing.sent["external_id"])
    sent_at = mailing.sent["sent_at"].to_numpy().astype("datetime64[us]").astype(np.int64)
    epoch = int(np.datetime64(shop.starts_at.replace(tzinfo=None), "us").astype(np.int64))
    rng = np.random.default_rng([shop.seed, 2, mailing.campaign_id])
    answers = draw_answers(person, (sent_at - epoch) / 86_400e6, shop.people.response_class[person], rng)
    shop.mailings = (*shop.mailings, mailing)
    shop.answers = Answers.join([shop.answers, answers])
    return answers


def fork_shop(shop: Shop) -> Shop:
    """A copy that can be continued on its own: another future of the same past."""
    return replace(shop, people=copy_people(shop.people))


def _simulate(shop: Shop, until: datetime, rng: np.random.Generator) -> Stretch:
    begin, end = _to_day(shop, shop.until), _to_day(shop, until)
    people, season, answers = shop.people, shop.season, shop.answers
    orders = draw_orders(people, begin, end, answers, season, rng)
    visitors, visits_at = draw_visits(people, begin, end, answers, season, rng)
    refunds = Refunds.join([shop.pending_refunds, draw_refunds(orders, shop.orders_count, rng)])
    refunds, shop.pending_refunds = drop_future(refunds, end)
    signing_up = np.flatnonzero((people.signs_up_at >= begin) & (people.signs_up_at < end))
    parts = [
        list_sign_ups(people, signing_up),
        *draw_visit_events(people, visitors, visits_at, rng),
        *draw_order_events(people, orders, rng),
        list_refunds(refunds),
        *list_answers(answers, ~_find_answered_by_http(shop.mailings)),
    ]
    people.has_unsubscribed[answers.people[answers.unsubscribes_at < end]] = True
    parts.append(list_unsubscribes(people))
    people.has_unsubscribed |= people.unsubscribes_at < end
    return Stretch(
        begins_at=shop.until,
        ends_at=until,
        shop_starts_at=shop.starts_at,
        message_prefix=f"demo-{shop.seed}-{int(shop.starts_at.timestamp()):x}-",
        first_message=shop.events_count,
        currency=shop.currency,
        people=people,
        identities=shop.identities,
        happenings=_drop_untracked(people, Happenings.join(parts, begin, end)),
        signing_up=signing_up,
        orders=orders,
        first_order=shop.orders_count,
        refunds=refunds,
        mailings=shop.mailings,
    )


def _find_answered_by_http(mailings: tuple[Mailing, ...]) -> np.ndarray:
    masks = [mailing.sent["is_by_http"].to_numpy() for mailing in mailings]
    return np.concatenate([np.empty(0, dtype=bool), *masks]).astype(bool)


def _drop_untracked(people: People, happenings: Happenings) -> Happenings:
    """Without what people did before signing up in a browser that refused to be tracked."""
    person = happenings.person
    return happenings.keep(people.is_tracked[person] | (happenings.at >= people.signs_up_at[person]))


def _to_day(shop: Shop, moment: datetime) -> float:
    return (moment - shop.starts_at) / timedelta(days=1)
