"""Erasing a person: every event and row of hers in every store, with a receipt that says nothing about her.

Begun in the ledger and gone on with at the next start after a crash; each step may be repeated. What is kept
are the numbers of her profiles and, if she was not to be written to, keyed hashes of her addresses.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction

from tenure.base import clock
from tenure.base.audit import pseudonymise_audit, record_audit
from tenure.base.errors import NotFoundError
from tenure.customers import identity
from tenure.customers.erasing_lake import (
    BY_OTHER_COLUMNS,
    blank_in_lake,
    delete_from_lake,
    list_personal_tables,
)
from tenure.customers.leftovers import Leftover, find_in_files, find_leftovers
from tenure.customers.models import Erasure, Identifier, Merge, Separation
from tenure.customers.privacy import Subject, find_subject, list_privacy_rooms
from tenure.customers.profiles import get_customer
from tenure.customers.suppression import hash_suppressions
from tenure.events import api as events
from tenure.lake import api as lakes

logger = logging.getLogger(__name__)
_MOST_ROUNDS = 3


@dataclass(frozen=True)
class Receipt:
    """What was removed, from where, and what is left. Nothing in it is personal."""

    id: int
    customer_ids: tuple[int, ...]
    actor: str
    started_at: datetime
    finished_at: datetime | None
    removed: dict[str, int]
    left: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "receipt": self.id,
            "customers": list(self.customer_ids),
            "by": self.actor,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "removed": self.removed,
            "left": list(self.left),
        }


def erase_customer(customer_id: int, actor: str) -> Receipt:
    """Erase a customer and every profile merged into her, and search for what is left. Errors: no such customer."""
    events.wait_until_folded()
    root = get_customer(customer_id, events=0).id
    subject = find_subject(root)
    with transaction.atomic():
        erasure = Erasure.objects.create(
            customer_ids=list(subject.customer_ids),
            subject=subject.as_dict(),
            actor=actor[:254],
            started_at=clock.now(),
        )
        record_audit(actor, "customer.erased", str(root), receipt=erasure.pk)
    return _carry_out(erasure)


def resume_erasures() -> int:
    """Finish, at start, what a crash interrupted. Gives how many."""
    waiting = list(Erasure.objects.filter(finished_at=None).order_by("id"))
    for erasure in waiting:
        logger.warning("going on with the erasure %s, which was interrupted", erasure.pk)
        _carry_out(erasure)
    return len(waiting)


def get_receipt(erasure_id: int) -> Receipt:
    erasure = Erasure.objects.filter(id=erasure_id).first()
    if erasure is None:
        raise NotFoundError("no_such_receipt", f"There is no receipt {erasure_id}.", "receipt")
    return Receipt(
        erasure.pk,
        tuple(erasure.customer_ids),
        erasure.actor,
        erasure.started_at,
        erasure.finished_at,
        erasure.removed,
        tuple(erasure.left),
    )


def _carry_out(erasure: Erasure) -> Receipt:
    subject = Subject.read(erasure.subject)
    with events.paused(), lakes.current().heavy():
        for room in list_privacy_rooms():
            _note(erasure, {f"{room.name}: {name}": count for name, count in room.erase(subject).items()})
        _note(erasure, _erase_in_ledger(subject))
        _overwrite(subject)
        _note(erasure, delete_from_lake(subject))
    lakes.current().wipe_deleted()
    search = find_leftovers(subject)
    Erasure.objects.filter(id=erasure.pk).update(subject=None)
    left = [*search.found, *_compact_ledger(), *find_in_files(subject, within=search.within)]
    Erasure.objects.filter(id=erasure.pk).update(
        left=[leftover.as_dict() for leftover in left], finished_at=clock.now()
    )
    return get_receipt(erasure.pk)


def _note(erasure: Erasure, counts: dict[str, int]) -> None:
    """Keep what was removed at once, so that a repeated step adds to it."""
    erasure.removed = dict(Counter(erasure.removed) + Counter(counts))
    erasure.save(update_fields=["removed"])


def _overwrite(subject: Subject) -> None:
    """Overwrite her texts until none of them is in the lake's files, freed space included."""
    lake = lakes.current()
    within = find_leftovers(subject).within
    for times in range(1, _MOST_ROUNDS + 1):
        blank_in_lake(subject, times)
        if times > 1:
            lake.rewrite_tables(
                [*list_personal_tables(), *BY_OTHER_COLUMNS, *lakes.list_derived_tables(lake)]
            )
        lake.wipe_deleted()
        if not find_in_files(subject, lake.list_files(), within):
            return


def _erase_in_ledger(subject: Subject) -> dict[str, int]:
    ids = subject.customer_ids
    with transaction.atomic():
        counts = {
            "ledger: suppressions, now a hash": hash_suppressions(subject.addresses),
            "ledger: identifiers": Identifier.objects.filter(customer_id__in=ids).delete()[0],
            "ledger: merges": Merge.objects.filter(into_customer_id__in=ids).delete()[0],
            "ledger: separations": Separation.objects.filter(from_customer_id__in=ids).delete()[0]
            + Separation.objects.filter(into_customer_id__in=ids).delete()[0],
            "ledger: audit entries without her name": pseudonymise_audit(
                [*subject.telling, *subject.names], subject.identifiers
            ),
        }
    identity.forget_recent()
    return {name: count for name, count in counts.items() if count}


def _compact_ledger() -> list[Leftover]:
    """Write the ledger anew, so that nothing deleted is left in its file."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.fetchall()
    except DatabaseError as error:
        logger.warning("the ledger's file could not be written anew: %s", error)
        return [Leftover("freed space of the ledger, which is in use", "unknown", 1)]
    return []
