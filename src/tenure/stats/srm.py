"""Sample-ratio mismatch: do the arms have the sizes that the assignment was meant to give?"""

from collections.abc import Sequence
from dataclasses import dataclass

ALARM_P = 0.001


@dataclass(frozen=True)
class RatioCheck:
    """Pearson's chi-square of arm sizes against planned shares. `p_value` is None without people."""

    chi_square: float | None
    p_value: float | None

    @property
    def is_alarming(self) -> bool:
        return self.p_value is not None and self.p_value < ALARM_P


def compute_ratio_check(counts: Sequence[int], shares: Sequence[float]) -> RatioCheck:
    """Check arm sizes `counts` against `shares` (positive, of any sum)."""
    from scipy.special import chdtrc

    if len(counts) != len(shares) or len(counts) < 2:
        raise ValueError("give one share per arm, two arms or more")
    if min(shares) <= 0:
        raise ValueError("every share is above 0")
    people = sum(counts)
    if people == 0:
        return RatioCheck(None, None)
    expected = [people * share / sum(shares) for share in shares]
    chi_square = sum((seen - wanted) ** 2 / wanted for seen, wanted in zip(counts, expected, strict=True))
    return RatioCheck(chi_square, float(chdtrc(len(counts) - 1, chi_square)))
