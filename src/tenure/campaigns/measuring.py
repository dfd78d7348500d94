"""What became of a campaign, from the lake, by the arm each customer was assigned to.

Everybody assigned counts, whether the mail reached them or not (intention to treat). A paid order and revenue
count from the moment of the decision, for the campaign's measuring days, until now.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis

from tenure.base import clock
from tenure.customers import api as customers
from tenure.experiments import api as experiments
from tenure.lake import api as lakes

RESPONSES = {
    "Email Opened": "opened",
    "Email Link Clicked": "clicked",
    "Unsubscribed": "unsubscribed",
}


@dataclass(frozen=True)
class Responses:
    """People (not events) who opened, clicked, unsubscribed; beside them the events of machines, left out."""

    opened: int
    clicked: int
    unsubscribed: int
    machine_opens: int
    machine_clicks: int


@dataclass(frozen=True)
class ArmFigures:
    """Both arms as assigned."""

    treatment: experiments.ArmResult
    control: experiments.ArmResult


def build_assigned(campaign_id: int) -> ibis.Table:
    """customer_id (as of now, merges followed), arm, decided_at: one row per customer.

    Of two decided profiles that turned out to be one customer, the lower id decides the arm.
    """
    decisions, merges = lakes.table("decisions"), lakes.table("merges")
    decided = decisions.filter(decisions.campaign_id == campaign_id, decisions.arm.notnull())
    current = decided.left_join(merges, decided.customer_id == merges.from_customer_id).select(
        decided.arm,
        decided.decided_at,
        decided_id=decided.customer_id,
        customer_id=ibis.coalesce(merges.into_customer_id, decided.customer_id),
    )
    return current.group_by("customer_id").aggregate(
        arm=lambda t: t.arm.argmin(t.decided_id), decided_at=lambda t: t.decided_at.min()
    )


def build_arm_sums(campaign_id: int, measure_days: int, now: datetime) -> ibis.Table:
    """arm, people, buyers, revenue, revenue_squares: the sums that a comparison needs, two rows."""
    assigned = build_assigned(campaign_id)
    orders = customers.build_orders(until=now)
    ordered = orders.filter(orders.customer_id.notnull()).select(
        buyer_id=orders.customer_id,
        ordered_at=orders.ordered_at,
        net=orders.net_amount,
        is_paid=orders.is_paid,
    )
    window = ibis.interval(days=measure_days)
    in_window = assigned.join(
        ordered,
        [
            assigned.customer_id == ordered.buyer_id,
            ordered.ordered_at > assigned.decided_at,
            ordered.ordered_at <= assigned.decided_at + window,
        ],
    )
    spent = in_window.group_by(buyer_id="customer_id").aggregate(
        spent=lambda t: t.net.sum().cast("float64"), bought=lambda t: t.is_paid.any()
    )
    joined = assigned.left_join(spent, assigned.customer_id == spent.buyer_id).select(
        assigned.arm, spent=spent.spent.fill_null(0.0), bought=spent.bought.fill_null(False)
    )
    return joined.group_by("arm").aggregate(
        people=lambda t: t.count(),
        buyers=lambda t: t.bought.cast("int64").sum(),
        revenue=lambda t: t.spent.sum(),
        revenue_squares=lambda t: (t.spent * t.spent).sum(),
    )


def build_moves(campaign_id: int, measure_days: int, direction: str) -> ibis.Table:
    """arm, people, moved: how many of each arm moved a lifecycle phase `up` or `down` in the measuring time."""
    assigned, merges = build_assigned(campaign_id), lakes.table("merges")
    events = lakes.table("events")
    properties = events.properties.cast("json")
    told = events.filter(
        events.type == "track",
        events.event == "Stage Changed",
        properties["model"].str == "lifecycle",
        properties["direction"].str == direction,
    )
    moves = told.left_join(merges, told.customer_id == merges.from_customer_id).select(
        mover_id=ibis.coalesce(merges.into_customer_id, told.customer_id), moved_at=told.occurred_at
    )
    joined = assigned.left_join(
        moves,
        [
            assigned.customer_id == moves.mover_id,
            moves.moved_at > assigned.decided_at,
            moves.moved_at <= assigned.decided_at + ibis.interval(days=measure_days),
        ],
    )
    each = joined.group_by("customer_id", "arm").aggregate(has_moved=lambda t: t.mover_id.notnull().any())
    return each.group_by("arm").aggregate(
        people=lambda t: t.count(), moved=lambda t: t.has_moved.cast("int64").sum()
    )


def build_responses(campaign_id: int, since: datetime) -> ibis.Table:
    """event, is_machine, people, times: how many customers answered the mail in each way, and how often."""
    events = lakes.table("events")
    properties = events.properties.cast("json")
    answers = events.filter(
        events.type == "track",
        events.event.isin(list(RESPONSES)),
        events.occurred_at >= ibis.literal(since.replace(tzinfo=None)),
        properties["campaign_id"].cast("string") == str(campaign_id),
    ).mutate(is_machine=properties["is_bot"].cast("string").fill_null("false").isin(["true"]))
    return answers.group_by("event", "is_machine").aggregate(
        people=lambda t: t.customer_id.nunique(), times=lambda t: t.count()
    )


def build_outcomes(campaign_id: int) -> ibis.Table:
    """outcome, reason, people: the trace, counted."""
    decisions = lakes.table("decisions")
    mine = decisions.filter(decisions.campaign_id == campaign_id)
    return mine.group_by("outcome", "reason").aggregate(people=lambda t: t.count())


def find_first_recipient(campaign_id: int) -> int | None:
    """The lowest id of those the mail was planned for: somebody to show it as."""
    decisions = lakes.table("decisions")
    mine = decisions.filter(decisions.campaign_id == campaign_id, decisions.outcome == "planned")
    found = lakes.current().read_value(mine.aggregate(first=lambda t: t.customer_id.min()))
    return None if found is None else int(found)


def measure_arms(campaign_id: int, measure_days: int) -> ArmFigures:
    """Read the sums of both arms; an arm without anybody has 0 people."""
    rows = lakes.current().read_rows(build_arm_sums(campaign_id, measure_days, clock.now()))
    arms = {row["arm"]: row for row in rows}

    def arm(name: str) -> experiments.ArmResult:
        row = arms.get(name)
        if row is None:
            return experiments.ArmResult(experiments.Sums(0, 0.0, 0.0), 0)
        sums = experiments.Sums(int(row["people"]), float(row["revenue"]), float(row["revenue_squares"]))
        return experiments.ArmResult(sums, int(row["buyers"]))

    return ArmFigures(arm("treatment"), arm("control"))


def measure_moves(
    campaign_id: int, measure_days: int, direction: str = "up"
) -> dict[str, experiments.Counts]:
    """People of both arms, and how many of them moved a lifecycle phase in a direction."""
    rows = lakes.current().read_rows(build_moves(campaign_id, measure_days, direction))
    found = {row["arm"]: experiments.Counts(int(row["people"]), int(row["moved"])) for row in rows}
    return {arm: found.get(arm, experiments.Counts(0, 0)) for arm in ("treatment", "control")}


def measure_responses(campaign_id: int, since: datetime) -> Responses:
    """Count people who answered since the campaign was planned."""
    rows = lakes.current().read_rows(build_responses(campaign_id, since - timedelta(minutes=1)))
    people = {RESPONSES[row["event"]]: int(row["people"]) for row in rows if not row["is_machine"]}
    machines = {RESPONSES[row["event"]]: int(row["times"]) for row in rows if row["is_machine"]}
    return Responses(
        opened=people.get("opened", 0),
        clicked=people.get("clicked", 0),
        unsubscribed=people.get("unsubscribed", 0),
        machine_opens=machines.get("opened", 0),
        machine_clicks=machines.get("clicked", 0),
    )


def measure_outcomes(campaign_id: int) -> dict[str, int]:
    """How many were planned, held_out, and skipped for each reason (as `skipped:<reason>`)."""
    rows = lakes.current().read_rows(build_outcomes(campaign_id))
    return {
        f"skipped:{row['reason']}" if row["outcome"] == "skipped" else row["outcome"]: int(row["people"])
        for row in rows
    }
