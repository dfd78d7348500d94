"""Segments kept in the ledger: saved, listed, deleted."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from tenure.base import clock
from tenure.base.audit import record_audit
from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.base.words import suggest
from tenure.lake import api as lakes
from tenure.segments.definitions.checking import Warning, check_references, list_users, list_warnings
from tenure.segments.definitions.definition import Segment, read_stored_segment
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.models import SegmentDefinition

MOST_SEGMENTS = lakes.MEMBERSHIP_WORDS * lakes.SLOTS_PER_WORD


@dataclass(frozen=True)
class SavedSegment:
    """A segment and how it stands: `is_built` says whether its members are those of this version."""

    id: int
    slot: int
    segment: Segment
    version: int
    is_built: bool
    trouble: str
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class SaveResult:
    saved: SavedSegment
    warnings: tuple[Warning, ...]
    is_changed: bool


def list_segments() -> list[SavedSegment]:
    """All segments by name."""
    return [_view(row) for row in SegmentDefinition.objects.all()]


def get_segment(name: str) -> SavedSegment:
    row = SegmentDefinition.objects.filter(name=name).first()
    if row is None:
        known = list(SegmentDefinition.objects.values_list("name", flat=True))
        raise NotFoundError(
            "no_such_segment", f"There is no segment {name[:80]!r}. {suggest(name[:80], known)}", "name"
        )
    return _view(row)


def save_segment(
    segment: Segment, actor: str, replace: bool = True, version: int | None = None
) -> SaveResult:
    """Save a definition under its name, a new version where there is one. Its members follow: see `membership`.

    Errors: names that do not exist, a circle, no room; with `replace=False`, a name that is taken; with `version`,
    another one stands there.
    """
    around = look_around()
    check_references(segment, around)
    data, now = segment.as_data(), clock.now()
    old = SegmentDefinition.objects.filter(name=segment.name).first()
    if old is not None and not replace:
        raise ConflictError(
            "name_taken", f"There is a segment {segment.name} already. Choose another name.", "name"
        )
    if version is not None and (old is None or old.version != version):
        raise ConflictError(
            "changed_meanwhile",
            f"{segment.name} is not at version {version} any more. Look at it again, then change that.",
            "version",
        )
    if old is not None and old.definition == data:
        return SaveResult(_view(old), tuple(list_warnings(segment)), False)
    try:
        with transaction.atomic():
            _write(segment, data, actor, old)
    except IntegrityError as error:
        raise ConflictError(
            "changed_meanwhile", "Somebody else saved a segment at the same moment. Try again.", "name"
        ) from error
    record_audit(actor, "segment.saved", segment.name, at=now.isoformat())
    return SaveResult(get_segment(segment.name), tuple(list_warnings(segment)), True)


def _write(segment: Segment, data: dict[str, object], actor: str, old: SegmentDefinition | None) -> None:
    now, title = clock.now(), segment.title or segment.name
    if old is None:
        SegmentDefinition.objects.create(
            name=segment.name, title=title, definition=data, slot=_find_slot(), created_by=actor,
            created_at=now, updated_at=now,
        )  # fmt: skip
        return
    count = SegmentDefinition.objects.filter(pk=old.pk, version=old.version).update(
        title=title, definition=data, version=old.version + 1, trouble="", updated_at=now
    )
    if not count:
        raise ConflictError(
            "changed_meanwhile", "Somebody else changed this segment. Look at it again.", "name"
        )


def _find_slot() -> int:
    taken = set(SegmentDefinition.objects.values_list("slot", flat=True))
    free = next((slot for slot in range(MOST_SEGMENTS) if slot not in taken), None)
    if free is None:
        raise TenureError(
            "too_many_segments", f"There are {MOST_SEGMENTS:,} segments, the most possible. Delete some."
        )
    return free


def delete_segment(name: str, actor: str) -> None:
    """Errors: it does not exist; other segments or stages refer to it."""
    saved = get_segment(name)
    if users := list_users(name, look_around()):
        raise ConflictError(
            "segment_in_use",
            f"{name} is used by {', '.join(users[:6])}. Change or delete those first.",
            "name",
        )
    SegmentDefinition.objects.filter(pk=saved.id).delete()
    record_audit(actor, "segment.deleted", name)


def _view(row: SegmentDefinition) -> SavedSegment:
    segment, unreadable = read_stored_segment(row.name, row.definition)
    return SavedSegment(
        id=int(row.pk),
        slot=row.slot,
        segment=segment,
        version=row.version,
        is_built=row.version == row.built_version,
        trouble=unreadable or row.trouble,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
