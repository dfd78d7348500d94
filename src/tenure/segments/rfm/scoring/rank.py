"""`rank`: quintiles of equal size by rank, ties broken by customer id."""

from typing import Any, ClassVar, Literal

import ibis

from tenure.segments.rfm.scoring.base import Cuts, Dimension, Method, build_id_number


class RankMethod(Method):
    """`pandas.qcut(rank, 5)` of the rank 1 to N, worst first, ties in the order of customer ids.

    Ids compare as numbers when they are numbers, else as text; numbers stand before texts. The last rank
    with score k is 1 + floor((N - 1) * k / 5); its (value, id) is the bar that a score of k + 1 has to pass.
    """

    method: Literal["rank"] = "rank"
    example: ClassVar[dict[str, Any]] = {"method": "rank"}

    def build_rows(self, scored: ibis.Table, scored_count: int, dimension: Dimension) -> ibis.Table | None:
        positions = {1 + (scored_count - 1) * quintile // 5 for quintile in (1, 2, 3, 4)}
        keyed = scored.select(
            "external_id", worth=dimension.build_worth(scored), id_number=build_id_number(scored)
        )
        order = [keyed.worth.asc(), keyed.id_number.asc(nulls_first=False), keyed.external_id.asc()]
        ranked = keyed.mutate(position=ibis.row_number().over(order_by=order) + 1)
        return ranked.filter(ranked.position.isin(sorted(positions))).order_by("position")

    def compute_cuts(
        self, scored_count: int, numbers: dict[str, Any], rows: list[dict[str, Any]], dimension: Dimension
    ) -> Cuts:
        if not scored_count:
            return Cuts("rank", (), is_inclusive=False)
        at = {row["position"]: row for row in rows}
        last = [at[1 + (scored_count - 1) * quintile // 5] for quintile in (1, 2, 3, 4)]
        sign = -1.0 if dimension.is_lower_better else 1.0
        return Cuts(
            "rank",
            tuple(sign * row["worth"] + 0.0 for row in last),
            is_inclusive=False,
            ties=tuple((row["id_number"], row["external_id"]) for row in last),
        )

    def describe(self) -> str:
        return "Five groups of equal size; equal customers are told apart by their id."
