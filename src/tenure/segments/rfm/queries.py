"""Scored customers and what is counted from them, as expressions."""

from datetime import date

import ibis

from tenure.segments.rfm.cutpoints import Cutpoints
from tenure.segments.rfm.measures import build_measures
from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.scoring import DIMENSIONS

NOT_YET = "(not yet a customer)"
NOT_LISTED = "(not listed)"


def build_scored(
    orders: ibis.Table, customers: ibis.Table, preset: Preset, cutpoints: Cutpoints, as_of_on: date
) -> ibis.Table:
    """Every customer known by the end of a day with measures, scores, segment and phase."""
    return score(build_measures(orders, customers, preset, as_of_on), preset, cutpoints)


def score(measures: ibis.Table, preset: Preset, cutpoints: Cutpoints) -> ibis.Table:
    """Add r, f, m (int8, NULL without a counted order), segment and phase.

    Customers whom no rule takes have no segment where the preset names no `otherwise`. (A filter on a
    computed column is not cheap: engines put the whole computation into it. So filter on measures.)
    """
    has_orders = measures.order_count > 0
    scores = {
        dimension.name: ibis.ifelse(
            has_orders, cutpoints.cuts_of(dimension.name).build_score(measures, dimension), ibis.null("int8")
        )
        for dimension in DIMENSIONS
    }
    scored = measures.mutate(**scores)
    positioned = scored.mutate(position=_build_position(scored, preset))
    names = [segment.name for segment in preset.segments]
    phases = [segment.phase for segment in preset.segments]
    return positioned.select(
        *scored.columns,
        segment=_pick(positioned.position, names),
        phase=_pick(positioned.position, phases),
    )


def _build_position(scored: ibis.Table, preset: Preset) -> ibis.expr.types.IntegerValue:
    """The position of the first segment whose rule holds; NULL where none does."""
    branches = [
        (segment.parsed_rule.build(scored), ibis.literal(position, "int8"))
        for position, segment in enumerate(preset.segments)
        if segment.parsed_rule is not None
    ]
    names = [segment.name for segment in preset.segments]
    other = (
        ibis.null("int8") if preset.otherwise is None else ibis.literal(names.index(preset.otherwise), "int8")
    )
    return ibis.cases(*branches, else_=other) if branches else other


def _pick(position: ibis.expr.types.IntegerValue, texts: list[str]) -> ibis.expr.types.StringValue:
    branches = ((position == index, ibis.literal(text)) for index, text in enumerate(texts))
    return ibis.cases(*branches, else_=ibis.null("string"))


def build_cells(scored: ibis.Table) -> ibis.Table:
    """Customers and revenue by segment (NULL for those in none), r and f (NULL without an order):
    segment, r, f, customers_count, revenue_amount."""
    return scored.group_by("segment", "r", "f").agg(
        customers_count=scored.count(), revenue_amount=scored.revenue.sum()
    )


def build_migration(before: ibis.Table, after: ibis.Table) -> ibis.Table:
    """Where customers went between two scorings: from_segment, to_segment, customers_count."""
    first = before.select("customer_id", from_segment=before.segment.fill_null(NOT_LISTED))
    last = after.select("customer_id", to_segment=after.segment.fill_null(NOT_LISTED))
    joined = last.left_join(first, "customer_id")
    moves = joined.select(from_segment=joined.from_segment.fill_null(NOT_YET), to_segment=joined.to_segment)
    return moves.group_by("from_segment", "to_segment").agg(customers_count=moves.count())
