"""Columns chosen on a page: what there is to choose from, what was chosen, and whether it is enough."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenure.base.errors import TenureError
from tenure.events.imports.mapping import get_fields
from tenure.events.imports.results import FileShape

NEEDED: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "orders": (
        ("the customer (an id or an e-mail address)", ("customer_id", "email")),
        ("the date of the order", ("ordered_at",)),
        ("the amount (or the price and the quantity)", ("amount", "unit_price", "order_total")),
    ),
    "customers": (("the customer (an id or an e-mail address)", ("customer_id", "email")),),
    "events": (
        ("the customer", ("customer_id", "anonymous_id")),
        ("what happened", ("event",)),
        ("when it happened", ("timestamp",)),
    ),
}
"""Per kind what a file must say, and the fields of which one is enough."""


@dataclass(frozen=True)
class FieldChoice:
    """A field, the column chosen for it, and all columns with what they say in the first rows."""

    name: str
    label: str
    meaning: str
    column: str
    is_needed: bool
    columns: tuple[tuple[str, str], ...]


def list_choices(kind: str, shape: FileShape, mapping: Mapping[str, str]) -> list[FieldChoice]:
    """Every field of a kind with the columns to choose from; needed ones first."""
    columns = []
    for position, column in enumerate(shape.columns):
        seen = dict.fromkeys(row[position].strip() for row in shape.samples if row[position].strip())
        columns.append((column, ", ".join(value[:18] for value in list(seen)[:3])))
    choices = []
    for field in get_fields(kind):
        choices.append(
            FieldChoice(
                name=field.name,
                label=_label(field.name),
                meaning=field.meaning,
                column=mapping.get(field.name, ""),
                is_needed=_is_needed(kind, field.name, mapping),
                columns=tuple(columns),
            )
        )
    return sorted(choices, key=lambda choice: not choice.is_needed)


def read_choices(kind: str, data: Mapping[str, str]) -> dict[str, str]:
    """All fields of a kind with the column chosen; "" takes a field out, whatever would be guessed."""
    return {field.name: data.get(f"field-{field.name}", "") for field in get_fields(kind)}


def check_choices(kind: str, mapping: Mapping[str, str]) -> None:
    """Errors: a needed column is missing; one column is chosen twice."""
    chosen = [column for column in mapping.values() if column]
    twice = sorted({column for column in chosen if chosen.count(column) > 1})
    if twice:
        raise TenureError(
            "column_twice", f"The column {twice[0]!r} is chosen twice. Choose it for one field only."
        )
    for title, names in NEEDED.get(kind, ()):
        if not any(mapping.get(name) for name in names):
            raise TenureError("mapping_incomplete", f"Choose the column that holds {title}.", names[0])


def _is_needed(kind: str, name: str, mapping: Mapping[str, str]) -> bool:
    """Of fields that can stand for each other the one in use is needed, or else the first."""
    for _, names in NEEDED.get(kind, ()):
        if name in names:
            used = [one for one in names if mapping.get(one)]
            return name == (used[0] if used else names[0])
    return False


def _label(name: str) -> str:
    words = name.replace("_", " ").capitalize()
    return f"{words[:-3]} ID" if words.endswith(" id") else words
