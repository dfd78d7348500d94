"""Two profiles made one by a person, and taken apart again. The ledger decides; the lake follows with the event.

Both are written in one ledger transaction together with the event that tells of them, so that the batch which
brings the event brings the merge (`identity_changes`), whatever crashes in between.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from tenure.base import clock
from tenure.base.audit import record_audit
from tenure.base.errors import ConflictError, NotFoundError
from tenure.customers.identity import USER_ID, list_apart
from tenure.customers.models import Identifier, Merge, Separation
from tenure.events.api import NewEvent, record_with_ledger
from tenure.lake import api as lakes

BY_HAND = "by hand"


@dataclass(frozen=True)
class MergeView:
    """A recorded merge. `identifiers` are those that came with the merged profile and those merged into it."""

    id: int
    from_customer_id: int
    into_customer_id: int
    reason: str
    merged_at: datetime
    identifiers: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.identifiers[0] if self.identifiers else f"profile {self.from_customer_id}"

    def as_dict(self) -> dict[str, Any]:
        """One of the `merges` of `tenure customer --json`."""
        return {
            "id": self.id,
            "reason": self.reason,
            "merged_at": self.merged_at.isoformat(),
            "identifiers": list(self.identifiers),
        }


def find_survivor(one: int, other: int) -> tuple[int, int]:
    """(who is merged, who lives on): the known one of two, else the first. Errors: they are one already."""
    one, other = _find_root(one), _find_root(other)
    if one == other:
        raise ConflictError("same_customer", "These are one customer already. Pick another one.", "other")
    known = set(
        Identifier.objects.filter(customer_id__in=(one, other), kind=USER_ID).values_list(
            "customer_id", flat=True
        )
    )
    return (one, other) if other in known and one not in known else (other, one)


def merge_in_ledger(one: int, other: int, actor: str) -> NewEvent:
    """Merge two customers, because a person said so; gives the event to record. Inside a ledger transaction."""
    source, target = find_survivor(one, other)
    _lift_separations(source, target)
    title = next(iter(_list_values(source)), f"profile {source}")
    Merge.objects.filter(into_customer_id=source).update(into_customer_id=target)
    Identifier.objects.filter(customer_id=source, home_id=None).update(home_id=source)
    Identifier.objects.filter(customer_id=source).update(customer_id=target)
    merge = Merge.objects.create(
        from_customer_id=source,
        into_customer_id=target,
        first_into_customer_id=target,
        reason=BY_HAND,
        message_id="",
        merged_at=clock.now(),
    )
    return _build_event("Customer Merged", target, merge.pk, title, actor)


def merge_customers(one: int, other: int, actor: str) -> int:
    """Merge two customers, because a person said so; gives the one who lives on. The lake follows with the pump.

    Errors: they are one customer already.
    """
    with transaction.atomic():
        event = merge_in_ledger(one, other, actor)
        merge_id = event.properties["merge_id"]
        record_audit(actor, "customer.merged", str(event.customer_id), merge_id=merge_id)
        record_with_ledger(event)
    return int(event.customer_id or 0)


def unmerge(merge_id: int, actor: str) -> tuple[int, int]:
    """Undo a merge: gives (who came off, who stays). From then on only a person merges the two again.

    The one who comes off gets back the identifiers that came with her, those merged into her before, and with
    the pump every event that came by one of them. Errors: no such merge.
    """
    found = Merge.objects.filter(id=merge_id).first()
    if found is None:
        raise NotFoundError(
            "no_such_merge", f"There is no merge {merge_id}: it was undone already, or never was.", "merge"
        )
    _adopt_old_identifiers(found)
    with transaction.atomic():
        merge = Merge.objects.select_for_update().filter(id=merge_id).first()
        if merge is None:
            raise ConflictError("undone_already", f"The merge {merge_id} was undone just now.", "merge")
        source, root = merge.from_customer_id, merge.into_customer_id
        members = _list_branch(source, root)
        Merge.objects.filter(from_customer_id__in=members).update(into_customer_id=source)
        Identifier.objects.filter(customer_id=root, home_id__in=members).update(customer_id=source)
        Separation.objects.create(
            merge_id=merge.pk,
            from_customer_id=source,
            into_customer_id=merge.first_into_customer_id or root,
            actor=actor[:254],
            separated_at=clock.now(),
        )
        merge.delete()
        _tell_unmerged(merge_id, source, root, actor)
    return source, root


def list_merges(customer_id: int) -> list[MergeView]:
    """The merges that made this customer, the latest first."""
    merges = list(Merge.objects.filter(into_customer_id=customer_id).order_by("-id"))
    homes: dict[int, list[str]] = {}
    rows = Identifier.objects.filter(customer_id=customer_id).order_by("-kind", "id")
    for home_id, value in rows.values_list("home_id", "value"):
        homes.setdefault(home_id, []).append(value)
    return [
        MergeView(
            merge.pk,
            merge.from_customer_id,
            merge.into_customer_id,
            merge.reason,
            merge.merged_at,
            tuple(
                value
                for member in _list_branch(merge.from_customer_id, customer_id, merges)
                for value in homes.get(member, [])
            ),
        )
        for merge in merges
    ]


def _find_root(customer_id: int) -> int:
    merge = Merge.objects.filter(from_customer_id=customer_id).first()
    return int(merge.into_customer_id) if merge else customer_id


def _list_branch(source: int, root: int, merges: Iterable[Merge] | None = None) -> list[int]:
    """The profile and those that were merged into it, directly or through others."""
    children: dict[int, list[int]] = {}
    for merge in Merge.objects.filter(into_customer_id=root) if merges is None else merges:
        parent = merge.first_into_customer_id or merge.into_customer_id
        children.setdefault(parent, []).append(merge.from_customer_id)
    branch, waiting = [], [source]
    while waiting:
        member = waiting.pop(0)
        branch.append(member)
        waiting += children.get(member, [])
    return branch


def _lift_separations(one: int, other: int) -> None:
    open_rows = Separation.objects.filter(is_lifted=False)
    for row, (a, b) in zip(list(open_rows), list_apart(), strict=True):
        if {a, b} == {one, other}:
            Separation.objects.filter(id=row.pk).update(is_lifted=True)


def _list_values(customer_id: int) -> list[str]:
    rows = Identifier.objects.filter(customer_id=customer_id).order_by("-kind", "id")
    return list(rows.values_list("value", flat=True)[:20])


def _tell_unmerged(merge_id: int, source: int, root: int, actor: str) -> None:
    for customer_id, other in ((source, root), (root, source)):
        title = next(iter(_list_values(other)), f"profile {other}")
        event = _build_event("Customer Unmerged", customer_id, merge_id, title, actor)
        record_with_ledger(event)
    record_audit(actor, "customer.unmerged", str(root), merge_id=merge_id, other=source)


def _build_event(name: str, customer_id: int, merge_id: int, other: str, actor: str) -> NewEvent:
    properties = {"merge_id": merge_id, "other": other, "by": actor}
    return NewEvent("track", name, properties, clock.now(), customer_id=customer_id)


def _adopt_old_identifiers(merge: Merge) -> None:
    """Merges of older versions did not keep where an identifier came from: the events of that time say it."""
    root = merge.into_customer_id
    lost = Identifier.objects.filter(customer_id=root, home_id=None)
    if not lost.exists():
        return
    members = _list_branch(merge.from_customer_id, root)
    events = lakes.table("events")
    stored = events.filter(events.customer_id.isin(members)).select("customer_id", "user_id", "anonymous_id")
    for row in lakes.current().read_rows(stored.distinct()):
        kind, value = ("user_id", row["user_id"]) if row["user_id"] else ("anonymous_id", row["anonymous_id"])
        lost.filter(kind=kind, value=value).update(home_id=row["customer_id"])
