"""Whom an export or an erasure is about, and the rooms that keep something of her."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tenure.customers.models import Identifier, Merge
from tenure.customers.profiles import find_current_id
from tenure.customers.suppression import normalise
from tenure.lake import api as lakes

_SHORT = 6
_SHORT_NAME = 8


@dataclass(frozen=True)
class Subject:
    """A person as all her profiles: ids in Tenure, identifiers, addresses (e-mail, phone) and full names."""

    customer_ids: tuple[int, ...]
    identifiers: tuple[str, ...]
    addresses: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def telling(self) -> tuple[str, ...]:
        """What is found in any text and is hardly anything else."""
        long = (value for value in self.identifiers if len(value) >= _SHORT)
        return tuple(dict.fromkeys([*self.addresses, *long]))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, kept: Mapping[str, Sequence[Any]]) -> "Subject":
        return cls(**{name: tuple(values) for name, values in kept.items()})


@dataclass(frozen=True)
class PrivacyRoom:
    """What a room does of its own about a person: `erase` gives how many rows of what are gone and may be
    repeated; `export` gives (name, rows)."""

    name: str
    erase: Callable[[Subject], dict[str, int]]
    export: Callable[[Subject], Iterable[tuple[str, Iterator[dict[str, Any]]]]]


_rooms: Sequence[PrivacyRoom] = ()


def set_privacy_rooms(rooms: Sequence[PrivacyRoom]) -> None:
    """The list of `config.wiring`."""
    global _rooms
    _rooms = rooms


def list_privacy_rooms() -> Sequence[PrivacyRoom]:
    return _rooms


def find_subject(customer_id: int) -> Subject:
    """Everything that a person is called by, from all profiles that are one with this customer."""
    root = find_current_id(customer_id)
    merged = Merge.objects.filter(into_customer_id=root).values_list("from_customer_id", flat=True)
    ids = (root, *sorted(merged))
    identifiers = (
        Identifier.objects.filter(customer_id__in=ids).order_by("id").values_list("value", flat=True)
    )
    addresses: dict[str, None] = {}
    names: dict[str, None] = {}
    for traits in _list_traits(ids):
        for name in ("email", "phone"):
            if isinstance(traits.get(name), str) and traits[name].strip():
                addresses[normalise(traits[name])] = None
                addresses[traits[name].strip()] = None
        first, last = (traits.get(a) or traits.get(b) for a, b in _NAMES)
        for name in (traits.get("name"), f"{first} {last}" if first and last else None):
            if isinstance(name, str) and " " in name.strip() and len(name.strip()) >= _SHORT_NAME:
                names[name.strip()] = None
    return Subject(ids, tuple(dict.fromkeys(identifiers)), tuple(addresses), tuple(names))


_NAMES = (("firstName", "first_name"), ("lastName", "last_name"))


def _list_traits(ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What was ever told of her."""
    events = lakes.table("events")
    told = events.filter(events.customer_id.isin(ids), events.type == "identify").select("properties")
    for batch in lakes.current().stream(told):
        for text in batch.column(0).to_pylist():
            traits = json.loads(text or "{}")
            if isinstance(traits, dict):
                yield traits
