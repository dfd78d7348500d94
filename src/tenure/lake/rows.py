"""The rows of events as rules read them, and values out of their JSON."""

from collections.abc import Sequence

from tenure.lake.dialects import Dialect, quote_text

NAMES = {"page": "Page Viewed", "screen": "Screen Viewed"}
"""What calls without a name of their own are called in rules; a track call has its event's."""

NAME_SQL = " ".join(
    [
        "CASE type WHEN 'track' THEN event",
        *(f"WHEN {quote_text(kind)} THEN {quote_text(name)}" for kind, name in NAMES.items()),
        "END",
    ]
)
"""The name as SQL over the events table; null for what no rule addresses."""


def name_of_event(kind: str, event: str | None) -> str | None:
    """The name under which rules address a call of type `kind`; None for identify, alias and group."""
    return event if kind == "track" else NAMES.get(kind)


def build_value(dialect: Dialect, json: str, name: str, kind: str) -> str:
    """A value in a JSON document by its path (`address.city`), as text, number, moment or raw JSON text."""
    path = name.split(".")
    if kind == "raw":
        return dialect.read_raw(json, path)
    return read_as(dialect, dialect.read_text(json, path), kind)


def read_as(dialect: Dialect, text: str, kind: str) -> str:
    """The text of a value as text, number or moment; NULL where it is none."""
    if kind == "number":
        return dialect.as_number(text)
    return dialect.as_moment(text) if kind == "moment" else text


def build_property(dialect: Dialect, name: str, kind: str) -> str:
    return build_value(dialect, "properties", name, kind)


def build_event_rows(dialect: Dialect, event: str, columns: Sequence[tuple[str, str]]) -> str:
    """A SELECT of every event of a name: customer_id as stored, seq, occurred_at, and the properties as c0, c1, ..."""
    parts = ["customer_id", "seq", "occurred_at"]
    parts += [f"{build_property(dialect, name, kind)} AS c{n}" for n, (name, kind) in enumerate(columns)]
    return f"SELECT {', '.join(parts)} FROM events WHERE {build_name_condition(dialect, event)}"


def build_name_condition(dialect: Dialect, event: str) -> str:
    """The events of a name; those of no customer are nobody's."""
    condition = f"(type = 'track' AND event = {dialect.quote(event)})"
    for kind, name in NAMES.items():
        if name == event:
            condition = f"({condition} OR type = '{kind}')"
    return f"{condition} AND customer_id IS NOT NULL"
