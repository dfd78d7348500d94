from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tenure.base import clock


def test_a_virtual_clock_stands_still_until_it_is_moved() -> None:
    start = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    with clock.virtual(start) as virtual:
        assert clock.now() == start
        virtual.advance(hours=1)
        assert (clock.now(), clock.today()) == (start + timedelta(hours=1), date(2026, 3, 2))
        virtual.move_to(datetime(2026, 3, 2, 1, tzinfo=timezone(timedelta(hours=2))))
        assert clock.now() == datetime(2026, 3, 1, 23, tzinfo=UTC)


def test_real_time_goes_on_after_a_virtual_clock() -> None:
    with clock.virtual(datetime(2000, 1, 1, tzinfo=UTC)):
        pass
    assert clock.now() > datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"), clock.virtual(datetime(2000, 1, 1)):  # noqa: DTZ001
        pass
