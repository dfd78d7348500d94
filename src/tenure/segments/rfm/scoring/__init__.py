"""The methods by which R, F and M become scores from 1 to 5."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Tag

from tenure.segments.rfm.scoring.base import DIMENSIONS, Cuts, Dimension, Method
from tenure.segments.rfm.scoring.fixed import FixedMethod
from tenure.segments.rfm.scoring.quantile import QuantileMethod
from tenure.segments.rfm.scoring.rank import RankMethod
from tenure.segments.rfm.scoring.repeat_share import RepeatShareMethod
from tenure.segments.rfm.scoring.rhythm import RhythmMethod
from tenure.segments.rfm.scoring.share import ShareMethod

__all__ = ["DIMENSIONS", "METHODS", "AnyMethod", "Cuts", "Dimension", "Method"]

METHODS: tuple[type[Method], ...] = (
    RhythmMethod,
    RepeatShareMethod,
    ShareMethod,
    QuantileMethod,
    RankMethod,
    FixedMethod,
)


def _from_name(definition: Any) -> Any:
    return {"method": definition} if isinstance(definition, str) else definition


def _name_of(definition: Any) -> Any:
    return definition.get("method") if isinstance(definition, dict) else getattr(definition, "method", None)


AnyMethod = Annotated[
    Annotated[RhythmMethod, Tag("rhythm")]
    | Annotated[RepeatShareMethod, Tag("repeat-share")]
    | Annotated[ShareMethod, Tag("share")]
    | Annotated[QuantileMethod, Tag("quantile")]
    | Annotated[RankMethod, Tag("rank")]
    | Annotated[FixedMethod, Tag("fixed")],
    Discriminator(_name_of),
    BeforeValidator(_from_name),
]
