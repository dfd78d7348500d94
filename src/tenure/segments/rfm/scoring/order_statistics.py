"""Order statistics of the scored customers' values, exact at every size."""

import ibis
import ibis.expr.datatypes as dt
from ibis.expr.types import BooleanValue, NumericValue, Scalar


@ibis.udf.agg.builtin(
    name="quantile_disc", signature=((dt.float64, dt.Array(dt.float64)), dt.Array(dt.float64))
)
def _quantile_disc(values, shares):  # type: ignore[no-untyped-def]
    """For each share q the ceil(q * count)-th smallest value."""


def build_order_statistics(
    values: NumericValue, shares: list[float], where: BooleanValue | None = None
) -> Scalar:
    """For each share q the ceil(q * count)-th smallest value, as an array; NULL without values."""
    return _quantile_disc(values, shares, where=where)


def list_values(answer: list[float] | None, is_lower_better: bool) -> tuple[float, ...]:
    """The array read back in the dimension's own unit, worst first."""
    sign = -1.0 if is_lower_better else 1.0
    return tuple(sign * value + 0.0 for value in answer or ())
