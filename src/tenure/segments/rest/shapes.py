"""The shapes of answers. They are those of `tenure segment ... --json` and `tenure list ... --json`."""

from datetime import date, datetime
from typing import Any

from ninja import Schema


class Warned(Schema):
    """Something that is allowed and probably not meant, and where in the definition it stands."""

    place: str
    message: str


class SegmentLine(Schema):
    """`state` is built, being computed, or what is wrong."""

    name: str
    title: str
    members: int
    sentence: str
    state: str


class SegmentPage(Schema):
    """Each of `segments` has name, title, members (how many), sentence and state."""

    segments: list[SegmentLine]
    next_cursor: str | None


class SegmentWhole(SegmentLine):
    definition: dict[str, Any]
    used_by: list[str]
    warnings: list[Warned]
    version: int
    updated_at: datetime


class Named(Schema):
    name: str


class Step(Schema):
    """One condition: who meets it (`own`), and who is left after it and all before it (`left`)."""

    sentence: str
    own: int
    left: int


class Count(Schema):
    """How many customers (`count`) of how many (`customers`)."""

    name: str | None
    count: int
    customers: int
    steps: list[Step]
    warnings: list[Warned]


class Members(Schema):
    """`members` is how many there are; `customers` are the identifiers of this page."""

    name: str
    members: int
    customers: list[str]
    next_cursor: str | None


class Reason(Schema):
    """One rule or group and its answer."""

    place: str
    kind: str
    title: str
    sentence: str
    holds: bool
    findings: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    next_change_at: str | None
    parts: list["Reason"]


class Explanation(Schema):
    """`is_member` is evaluated now, `is_stored` is what stands in the stored memberships."""

    segment: str
    title: str
    customer_id: int
    is_member: bool
    is_stored: bool
    as_of: str
    changes_at: str | None
    looked_until_at: str | None
    reason: Reason


class Statement(Schema):
    name: str
    engine: str | None
    sql: str


class Day(Schema):
    day: date
    members: int
    entered: int
    exited: int


class History(Schema):
    """Each of `days` has day, members (how many at its end), entered and exited."""

    name: str
    days: list[Day]


class StaticList(Schema):
    name: str
    title: str
    source: str
    members: int
    used_by: list[str]
    created_by: str
    created_at: str


class Lists(Schema):
    """Each of `lists` has name, title, source, members (how many), used_by, created_by and created_at."""

    lists: list[StaticList]


class MadeList(StaticList):
    """`unknown_values` are the identifiers of nobody."""

    unknown: int
    unknown_values: list[str]


class Added(Schema):
    list: str
    added: int
    unknown: int
    unknown_values: list[str]


class Removed(Schema):
    list: str
    removed: int
    unknown: int
    unknown_values: list[str]


class Deleted(Schema):
    deleted: str
