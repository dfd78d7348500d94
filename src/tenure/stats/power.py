"""How many people a comparison needs, and what it can see with those it has.

Normal approximation, two-sided; `control_share` is the control group's part of all people.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, sqrt
from statistics import NormalDist


class PowerReason(StrEnum):
    """Why no size or difference could be given."""

    NO_DIFFERENCE = "no_difference"
    OUT_OF_RANGE = "out_of_range"
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class SampleSize:
    """People needed in both arms together, or None and why."""

    people_count: int | None
    reason: PowerReason | None = None


@dataclass(frozen=True)
class Detectable:
    """The smallest difference that would be seen with the wanted power, or None and why."""

    difference: float | None
    reason: PowerReason | None = None


def compute_share_sample_size(
    base_share: float,
    difference: float,
    control_share: float = 0.5,
    power: float = 0.8,
    significance: float = 0.05,
) -> SampleSize:
    """People needed to see a share rise from `base_share` by `difference` (may be negative)."""
    _check_control_share(control_share)
    raised = base_share + difference
    if difference == 0:
        return SampleSize(None, PowerReason.NO_DIFFERENCE)
    if not (0 <= base_share <= 1 and 0 <= raised <= 1):
        return SampleSize(None, PowerReason.OUT_OF_RANGE)
    variance = raised * (1 - raised) / (1 - control_share) + base_share * (1 - base_share) / control_share
    return SampleSize(max(2, ceil(_reach(power, significance) ** 2 * variance / difference**2)))


def compute_mean_sample_size(
    standard_deviation: float,
    difference: float,
    control_share: float = 0.5,
    power: float = 0.8,
    significance: float = 0.05,
) -> SampleSize:
    """People needed to see a mean move by `difference`, in the unit of `standard_deviation`."""
    _check_control_share(control_share)
    if difference == 0:
        return SampleSize(None, PowerReason.NO_DIFFERENCE)
    variance = standard_deviation**2 * (1 / (1 - control_share) + 1 / control_share)
    return SampleSize(max(2, ceil(_reach(power, significance) ** 2 * variance / difference**2)))


def compute_detectable_share_difference(
    base_share: float,
    treatment_count: int,
    control_count: int,
    power: float = 0.8,
    significance: float = 0.05,
) -> Detectable:
    """The smallest rise over `base_share` that two arms of these sizes would show.

    Solves d^2 = z^2 (p1 (1 - p1) / n1 + p0 (1 - p0) / n0) with p1 = p0 + d for its positive root.
    """
    if not 0 <= base_share < 1:
        return Detectable(None, PowerReason.OUT_OF_RANGE)
    if treatment_count < 1 or control_count < 1:
        return Detectable(None, PowerReason.TOO_FEW)
    squared = _reach(power, significance) ** 2
    first = 1 + squared / treatment_count
    second = -squared * (1 - 2 * base_share) / treatment_count
    third = -squared * base_share * (1 - base_share) * (1 / treatment_count + 1 / control_count)
    difference = (-second + sqrt(second**2 - 4 * first * third)) / (2 * first)
    if base_share + difference > 1:
        return Detectable(None, PowerReason.TOO_FEW)
    return Detectable(difference)


def compute_detectable_mean_difference(
    standard_deviation: float,
    treatment_count: int,
    control_count: int,
    power: float = 0.8,
    significance: float = 0.05,
) -> Detectable:
    """The smallest difference of means that two arms of these sizes would show."""
    if treatment_count < 1 or control_count < 1:
        return Detectable(None, PowerReason.TOO_FEW)
    error = standard_deviation * sqrt(1 / treatment_count + 1 / control_count)
    return Detectable(_reach(power, significance) * error)


def _reach(power: float, significance: float) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - significance / 2) + normal.inv_cdf(power)


def _check_control_share(control_share: float) -> None:
    if not 0 < control_share < 1:
        raise ValueError("control_share lies between 0 and 1, both excluded")
