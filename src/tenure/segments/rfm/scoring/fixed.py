"""`fixed`: cut-points set by an expert."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tenure.segments.rfm.scoring.base import Cuts, Dimension, Method


class FixedMethod(Method):
    """What the scores 2, 3, 4 and 5 need at least (orders, money), or may have at most (days)."""

    method: Literal["fixed"] = "fixed"
    cutpoints: tuple[float, float, float, float] = Field(description="for the scores 2, 3, 4 and 5")
    example: ClassVar[dict[str, Any]] = {"method": "fixed", "cutpoints": [2, 3, 5, 8]}

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        rising = tuple(sorted(self.cutpoints))
        if self.cutpoints not in (rising, rising[::-1]):
            raise ValueError("cut-points go from the score 2 to the score 5 in one direction")
        return self

    def compute_cuts(
        self, scored_count: int, numbers: dict[str, Any], rows: list[dict[str, Any]], dimension: Dimension
    ) -> Cuts:
        bars = tuple(sorted(self.cutpoints, reverse=dimension.is_lower_better))
        return Cuts("fixed", bars, is_inclusive=True)

    def describe(self) -> str:
        return "Cut-points set by hand."
