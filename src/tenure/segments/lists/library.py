"""Static lists: who is on them changes only by hand. Named in the ledger; their members stand in the lake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from django.db import IntegrityError

from tenure.base import clock
from tenure.base.audit import record_audit
from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.base.words import suggest
from tenure.customers import api as customers
from tenure.segments.definitions.checking import list_users
from tenure.segments.definitions.definition import NAME
from tenure.segments.definitions.library import get_segment
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.lists import members
from tenure.segments.membership.members import build_segment_members
from tenure.segments.membership.saving import follow_users, rebuild_segments
from tenure.segments.models import StaticList


@dataclass(frozen=True)
class ListView:
    """A list. `source` says where its first members came from; `used_by` names the segments that ask for it."""

    id: int
    name: str
    title: str
    source: str
    member_count: int
    used_by: tuple[str, ...]
    created_by: str
    created_at: datetime

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "members": self.member_count,
            "used_by": list(self.used_by),
            "created_by": self.created_by,
            "created_at": self.created_at.isoformat(),
        }


def list_lists() -> list[ListView]:
    """All lists by name."""
    rows = list(StaticList.objects.all())
    return _view(rows)


def get_list(name: str) -> ListView:
    return _view([find_row(name)])[0]


def create_list(name: str, actor: str, title: str = "", source: str = "Made empty") -> ListView:
    """An empty list. Errors: a name that is none, or is taken."""
    if not NAME.fullmatch(name):
        raise TenureError(
            "bad_name",
            f"A list's name has small letters, figures and hyphens (at most 60), as in trade-fair-2026; not {name[:80]!r}.",
            "name",
        )
    if len(title) > 120:
        raise TenureError("bad_title", "A title has at most 120 characters.", "title")
    try:
        StaticList.objects.create(
            name=name, title=title or name, source=source[:200], created_by=actor, created_at=clock.now()
        )
    except IntegrityError as error:
        raise name_taken(name) from error
    record_audit(actor, "list.created", name, source=source)
    return get_list(name)


def freeze_segment(segment_name: str, list_name: str, actor: str, title: str = "") -> ListView:
    """A new list of everybody who is in a segment now; it stays as it is when they leave the segment."""
    if not get_segment(segment_name).is_built:
        rebuild_segments([segment_name])
    made = create_list(list_name, actor, title, f"The segment {segment_name}, frozen")
    try:
        count = members.copy_members(made.id, build_segment_members(segment_name))
    except BaseException:
        StaticList.objects.filter(pk=made.id).delete()
        raise
    record_audit(actor, "list.frozen", list_name, segment=segment_name, members=count)
    return get_list(list_name)


def create_list_of(
    name: str, identifiers: Sequence[str], actor: str, title: str = ""
) -> tuple[ListView, tuple[str, ...]]:
    """A new list of the customers with any of these identifiers; and the identifiers of nobody.

    Errors: the name; none of the identifiers is known.
    """
    if StaticList.objects.filter(name=name).exists():
        raise name_taken(name)
    found, unknown = _find(identifiers)
    if identifiers and not len(found):
        raise TenureError(
            "nobody_known",
            "No customer is known by any of these identifiers. Give user ids, anonymous ids or e-mail addresses.",
            "customers",
        )
    made = create_list(name, actor, title, "Identifiers" if identifiers else "Made empty")
    try:
        add_to_list(name, found, actor)
    except BaseException:
        StaticList.objects.filter(pk=made.id).delete()
        raise
    return get_list(name), unknown


def add_to_list(name: str, customer_ids: pa.Array, actor: str) -> int:
    """How many of the customers were not on the list before."""
    row = find_row(name)
    count = members.add_members(int(row.pk), customer_ids)
    if count:
        record_audit(actor, "list.added", name, members=count)
        follow_users(name, "list")
    return count


def add_identifiers(name: str, identifiers: Sequence[str], actor: str) -> tuple[int, tuple[str, ...]]:
    """Put customers on a list by any identifier. Gives how many were not on it, and the identifiers of nobody."""
    found, unknown = _find(identifiers)
    return add_to_list(name, found, actor), unknown


def remove_identifiers(name: str, identifiers: Sequence[str], actor: str) -> tuple[int, tuple[str, ...]]:
    """Take customers off a list by any identifier. Gives how many were on it, and the identifiers of nobody."""
    found, unknown = _find(identifiers)
    return remove_from_list(name, found, actor), unknown


def _find(identifiers: Sequence[str]) -> tuple[pa.Array, tuple[str, ...]]:
    values = pa.array([one.replace("\x00", "").strip() for one in identifiers], pa.string())
    found = customers.find_customer_ids(values)
    return found.drop_null(), tuple(values.filter(found.is_null()).to_pylist())


def remove_from_list(name: str, customer_ids: pa.Array, actor: str) -> int:
    """How many of the customers were on the list."""
    row = find_row(name)
    count = members.remove_members(int(row.pk), customer_ids)
    if count:
        record_audit(actor, "list.removed", name, members=count)
        follow_users(name, "list")
    return count


def delete_list(name: str, actor: str) -> None:
    """Errors: it does not exist; segments ask for it."""
    row = find_row(name)
    if users := list_users(name, look_around(), "list"):
        raise ConflictError(
            "list_in_use",
            f"The list {name} is used by {', '.join(users[:6])}. Change or delete those first.",
            "name",
        )
    list_id = int(row.pk)
    row.delete()
    members.clear_members(list_id)
    record_audit(actor, "list.deleted", name)


def name_taken(name: str) -> ConflictError:
    return ConflictError(
        "name_taken", f"There is a list {name} already. Choose another name, or add to it.", "name"
    )


def find_row(name: str) -> StaticList:
    """Errors: there is no list of that name."""
    row = StaticList.objects.filter(name=name).first()
    if row is None:
        known = list(StaticList.objects.values_list("name", flat=True))
        raise NotFoundError(
            "no_such_list", f"There is no list {name[:80]!r}. {suggest(name[:80], known)}", "name"
        )
    return row


def _view(rows: list[StaticList]) -> list[ListView]:
    counts, around = members.count_members([int(row.pk) for row in rows]), look_around()
    return [
        ListView(
            id=int(row.pk),
            name=row.name,
            title=row.title,
            source=row.source,
            member_count=counts.get(int(row.pk), 0),
            used_by=tuple(list_users(row.name, around, "list")),
            created_by=row.created_by,
            created_at=row.created_at,
        )
        for row in rows
    ]
