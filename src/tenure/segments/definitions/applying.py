"""Definitions applied together, as files bring them: all are checked before any is saved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from tenure.base.errors import NotFoundError, TenureError
from tenure.segments.definitions.checking import Warning, check_references, list_warnings
from tenure.segments.definitions.definition import Segment, order_segments
from tenure.segments.definitions.library import get_segment, list_segments
from tenure.segments.definitions.surroundings import LedgerSurroundings, look_around
from tenure.segments.membership.saving import save_segment

NEW, CHANGED, UNCHANGED = "new", "changed", "unchanged"


@dataclass(frozen=True)
class AppliedSegment:
    """What applying did, or would do, to one segment: new, changed or unchanged."""

    segment: Segment
    state: str
    warnings: tuple[Warning, ...]


def apply_segments(
    segments: Sequence[Segment], actor: str, dry_run: bool = False
) -> tuple[AppliedSegment, ...]:
    """Save definitions that may refer to each other; their members follow. Errors: one is wrong; then none is saved."""
    ordered, around = order_segments(list(segments)), look_around()
    _check(ordered, around)
    known = {name: found.as_data() for name, found in around.segments.items()}
    done = []
    for segment in ordered:
        before = known.get(segment.name)
        state = NEW if before is None else UNCHANGED if before == segment.as_data() else CHANGED
        if state != UNCHANGED and not dry_run:
            save_segment(segment, actor)
        done.append(AppliedSegment(segment, state, tuple(list_warnings(segment))))
    return tuple(done)


def _check(segments: Sequence[Segment], around: LedgerSurroundings) -> None:
    if not segments:
        raise TenureError("bad_segment", "The file describes no segment.", "file")
    mine = {segment.name: segment for segment in segments}
    together = replace(around, segments={**around.segments, **mine})
    for segment in segments:
        try:
            check_references(segment, together)
        except TenureError as error:
            if len(segments) == 1:
                raise
            raise TenureError(error.code, f"{segment.name}: {error.message}", error.field) from error


def write_yaml(names: Sequence[str] = ()) -> str:
    """Segments (default: all) as a file that `parse_segments` reads back. Errors: there are none of these names."""
    chosen = [get_segment(name) for name in names] if names else list_segments()
    if not chosen:
        raise NotFoundError("no_segments", "There are no segments yet.", "name")
    data: list[dict[str, Any]] = [saved.segment.as_data() for saved in chosen]
    document = data[0] if len(names) == 1 else {"segments": data}
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))
