"""What a merge would make of two profiles: the merge itself, rehearsed and taken back."""

import json
from dataclasses import dataclass
from typing import Any

from tenure.customers.joining import find_survivor, merge_in_ledger
from tenure.customers.profiles import CustomerView, get_customer, read_customer
from tenure.customers.suppression import is_suppressed
from tenure.events import api as events
from tenure.lake.api import Transaction


@dataclass(frozen=True)
class TraitChoice:
    """A trait of either profile and what it will be; None where it is not known."""

    name: str
    surviving: Any
    absorbed: Any
    merged: Any


@dataclass(frozen=True)
class MergePreview:
    """`surviving` lives on as `merged`; `absorbed` becomes a part of her."""

    surviving: CustomerView
    absorbed: CustomerView
    merged: CustomerView
    traits: tuple[TraitChoice, ...]

    @property
    def is_reachable(self) -> bool:
        """Whether mail may go to the merged customer: she has an address, and neither opted out of it."""
        return can_be_mailed(self.merged)

    def as_dict(self) -> dict[str, Any]:
        """The shape of `tenure customer merge --preview --json`."""
        return {
            **{name: _brief(getattr(self, name)) for name in ("surviving", "absorbed", "merged")},
            "traits": [
                {
                    "name": trait.name,
                    "surviving": trait.surviving,
                    "absorbed": trait.absorbed,
                    "merged": trait.merged,
                }
                for trait in self.traits
            ],
            "is_reachable": self.is_reachable,
        }


def preview_merge(one: int, other: int) -> MergePreview:
    """Both profiles and the one that a merge would make of them. Errors: they are one already."""
    source, target = find_survivor(one, other)
    surviving, absorbed = get_customer(target, events=0), get_customer(source, events=0)

    def read(tx: Transaction) -> CustomerView | None:
        return read_customer(tx, target)

    merged = events.rehearse(lambda: merge_in_ledger(target, source, "preview"), read)
    assert merged is not None
    names = sorted({*surviving.traits, *absorbed.traits})
    traits = tuple(
        TraitChoice(name, surviving.traits.get(name), absorbed.traits.get(name), merged.traits.get(name))
        for name in names
    )
    return MergePreview(surviving, absorbed, merged, traits)


def can_be_mailed(customer: CustomerView) -> bool:
    return (
        bool(customer.email)
        and not customer.email_opted_out_at
        and not is_suppressed("email", customer.email or "")
    )


def _brief(customer: CustomerView) -> dict[str, Any]:
    kept = customer.as_dict()
    kept.pop("events")
    return json.loads(json.dumps(kept)) | {
        "email_opted_out_at": customer.email_opted_out_at.isoformat() if customer.email_opted_out_at else None
    }
