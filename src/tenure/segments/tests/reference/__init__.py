"""The rule language, evaluated the slow and obvious way, for one customer at a time. Knows nothing of SQL."""

from tenure.segments.tests.reference.evaluating import holds
from tenure.segments.tests.reference.histories import (
    Customer,
    Decision,
    Event,
    Line,
    Move,
    Place,
    Profile,
    Visit,
    World,
)

__all__ = ["Customer", "Decision", "Event", "Line", "Move", "Place", "Profile", "Visit", "World", "holds"]
