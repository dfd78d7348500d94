"""How often something happened, shared by the kinds that count rows."""

from ibis.expr.types import BooleanValue, TimestampValue

from tenure.segments.compiling.moments import build_earliest
from tenure.segments.compiling.needs import Aggregate, Coming, Facts, Need, Source, Test
from tenure.segments.compiling.windows import Window
from tenure.segments.rules.comparing import Bound


class Occurrences:
    """The rows of `source` in `window` that pass `tests`, counted against `bound`.

    Whether anything happened at all is known by its last moment, which also says when it leaves the window: one need
    instead of two.
    """

    def __init__(self, source: Source, tests: tuple[Test, ...], window: Window, bound: Bound) -> None:
        self._source, self._window, self._bound = source, window, bound
        self._count = Aggregate(source, "count", tests, window)
        self._first = Aggregate(source, "first_at", tests, window)
        self._last = Aggregate(source, "last_at", tests, window)
        at_one = bound.at_least is not None and 0 < bound.at_least <= 1
        self._is_whether = at_one or bound == Bound(exactly=0)

    def list_needs(self) -> tuple[Need, ...]:
        if self._is_whether:
            return (self._last, Coming(self._source))
        sliding = (self._first,) if self._window.is_sliding else ()
        return (self._count, *sliding, Coming(self._source))

    def build(self, facts: Facts) -> BooleanValue:
        if self._is_whether:
            happened: BooleanValue = facts.get(self._last).notnull()
            return ~happened if self._bound.takes_zero else happened
        return self._bound.build(facts.get(self._count))

    def build_next_change(self, facts: Facts) -> TimestampValue:
        decisive = self._last if self._is_whether else self._first
        moments = [facts.get_moment(Coming(self._source))]
        if self._window.is_sliding:
            leaving = self._window.build_leaving(facts.get_moment(decisive))
            assert leaving is not None
            moments.append(leaving)
        return build_earliest(moments)
