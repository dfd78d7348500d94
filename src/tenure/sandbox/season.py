"""When the simulated shop's customers are active: hour of the day, day of the week, time of the year.

The process of every customer runs in *operational time*, which passes faster in a good season. One operational day
is one average day, so that a customer's rate stays "orders per average day".
"""

from datetime import datetime, timedelta

import numpy as np

# fmt: off
HOUR_WEIGHTS = np.array([
    0.3, 0.15, 0.1, 0.1, 0.1, 0.2, 0.5, 0.9, 1.1, 1.2, 1.2, 1.2,
    1.3, 1.2, 1.1, 1.1, 1.2, 1.4, 1.7, 2.0, 2.2, 2.0, 1.4, 0.7,
])
# fmt: on
WEEKDAY_WEIGHTS = np.array([1.05, 1.0, 0.95, 0.95, 0.9, 0.95, 1.2])


def compute_day_weight(days: np.ndarray) -> np.ndarray:
    """Relative demand of each day (numpy datetime64[D]): weekday times time of the year."""
    weekday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    of_year = (days - days.astype("datetime64[Y]")).astype(np.int64)
    christmas = 0.7 * np.exp(-(((of_year - 340) / 14.0) ** 2)) * (of_year < 358)
    after_christmas = -0.25 * ((of_year >= 358) | (of_year < 6))
    summer = -0.15 * np.exp(-(((of_year - 215) / 25.0) ** 2))
    return np.asarray(WEEKDAY_WEIGHTS[weekday] * (1 + christmas + after_christmas + summer))


class Season:
    """Turns days since `start_at` into operational days and back, for people at an offset from UTC."""

    def __init__(self, start_at: datetime, days: float) -> None:
        self.start_at = start_at
        self.days = days
        midnight = start_at.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(
            days=2
        )
        count = int(days) + 6
        calendar = np.datetime64(midnight, "D") + np.arange(count)
        yearly_mean = compute_day_weight(np.datetime64(midnight, "D") + np.arange(364)).mean()
        hours = (
            np.outer(compute_day_weight(calendar) / yearly_mean, HOUR_WEIGHTS / HOUR_WEIGHTS.mean()).ravel()
            / 24
        )
        self._clock = np.arange(count * 24 + 1) / 24 - (start_at.replace(tzinfo=None) - midnight) / timedelta(
            days=1
        )
        self._operational = np.concatenate([[0.0], np.cumsum(hours)])

    def to_operational(self, at: np.ndarray | float, offset: np.ndarray | float) -> np.ndarray:
        """Operational days at UTC day `at`, for people `offset` days ahead of UTC."""
        return np.interp(np.add(at, offset), self._clock, self._operational)

    def from_operational(self, operational: np.ndarray | float, offset: np.ndarray | float) -> np.ndarray:
        """The UTC day at which an operational day is reached; the end of the calendar for what lies beyond."""
        return np.subtract(np.interp(operational, self._operational, self._clock), offset)
