"""What a treatment earned over its control, from counts and sums alone.

An estimate that cannot be computed has `value=None` and a reason; it is never 0.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import erfc, sqrt
from statistics import NormalDist


class Reason(StrEnum):
    """Why an estimate could not be computed."""

    TOO_FEW = "too_few"
    NO_VARIATION = "no_variation"


@dataclass(frozen=True)
class Sums:
    """One arm's amounts: how many people, the sum of their amounts, the sum of the squared amounts."""

    count: int
    total: float
    total_of_squares: float

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    @property
    def variance(self) -> float | None:
        """Sample variance (n - 1), or None under two people."""
        if self.count < 2:
            return None
        squares = self.total_of_squares - self.total * self.total / self.count
        return max(squares, 0.0) / (self.count - 1)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.count + other.count,
            self.total + other.total,
            self.total_of_squares + other.total_of_squares,
        )


@dataclass(frozen=True)
class Counts:
    """One arm's yes or no: how many people, how many of them yes."""

    count: int
    successes: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.count:
            raise ValueError("successes lie between 0 and count")

    @property
    def rate(self) -> float | None:
        return self.successes / self.count if self.count else None


@dataclass(frozen=True)
class Estimate:
    """An estimate with its interval. `statistic` is Welch's t or the pooled z; `reason` a `Reason` or a room's own."""

    value: float | None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    degrees_of_freedom: float | None = None
    reason: str | None = None

    @property
    def excludes_zero(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def compute_mean_difference(treatment: Sums, control: Sums, confidence: float = 0.95) -> Estimate:
    """Difference of means, treatment minus control, with Welch's t interval.

    Degrees of freedom by Welch and Satterthwaite (B. L. Welch, Biometrika 34, 1947, 28-35).
    Needs two people in each arm and some variation.
    """
    from scipy.special import stdtr, stdtrit

    means, variances = (treatment.mean, control.mean), (treatment.variance, control.variance)
    if means[0] is None or means[1] is None or variances[0] is None or variances[1] is None:
        return Estimate(None, reason=Reason.TOO_FEW)
    parts = variances[0] / treatment.count, variances[1] / control.count
    squared_error = parts[0] + parts[1]
    if squared_error == 0:
        return Estimate(None, reason=Reason.NO_VARIATION)
    weights = parts[0] / squared_error, parts[1] / squared_error
    freedom = 1 / (weights[0] ** 2 / (treatment.count - 1) + weights[1] ** 2 / (control.count - 1))
    difference, error = means[0] - means[1], sqrt(squared_error)
    reach = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    statistic = difference / error
    return Estimate(
        value=difference,
        low=difference - reach,
        high=difference + reach,
        standard_error=error,
        statistic=statistic,
        p_value=2 * float(stdtr(freedom, -abs(statistic))),
        degrees_of_freedom=freedom,
    )


def compute_share_difference(treatment: Counts, control: Counts, confidence: float = 0.95) -> Estimate:
    """Difference of shares, treatment minus control: unpooled normal interval, pooled z test.

    Needs one person in each arm, and at least one yes and one no among all.
    """
    shares = treatment.rate, control.rate
    if shares[0] is None or shares[1] is None:
        return Estimate(None, reason=Reason.TOO_FEW)
    people = treatment.count + control.count
    pooled = (treatment.successes + control.successes) / people
    if pooled in (0, 1):
        return Estimate(None, reason=Reason.NO_VARIATION)
    difference = shares[0] - shares[1]
    spread = sqrt(shares[0] * (1 - shares[0]) / treatment.count + shares[1] * (1 - shares[1]) / control.count)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * spread
    statistic = difference / sqrt(pooled * (1 - pooled) * (1 / treatment.count + 1 / control.count))
    return Estimate(
        value=difference,
        low=difference - reach,
        high=difference + reach,
        standard_error=spread,
        statistic=statistic,
        p_value=erfc(abs(statistic) / sqrt(2)),
    )


def compute_share(counts: Counts, confidence: float = 0.95) -> Estimate:
    """One share with Wilson's score interval (E. B. Wilson, JASA 22, 1927, 209-212)."""
    share = counts.rate
    if share is None:
        return Estimate(None, reason=Reason.TOO_FEW)
    quantile = NormalDist().inv_cdf((1 + confidence) / 2)
    squared = quantile * quantile / counts.count
    centre = (share + squared / 2) / (1 + squared)
    reach = quantile / (1 + squared) * sqrt(share * (1 - share) / counts.count + squared / (4 * counts.count))
    return Estimate(
        value=share, low=min(max(centre - reach, 0.0), share), high=max(min(centre + reach, 1.0), share)
    )
