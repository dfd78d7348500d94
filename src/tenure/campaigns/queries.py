"""What the pages ask the lake."""

from tenure.campaigns.definition import EVERYONE, list_audiences
from tenure.customers import api as customers
from tenure.lake import api as lakes

Choices = list[tuple[str, list[tuple[str, str]]]]


def count_audiences() -> dict[str, int]:
    """Customers by segment, by phase, and everyone."""
    everybody = customers.build_customers()
    rows = lakes.current().read_rows(
        everybody.group_by("segment", "phase").aggregate(people=lambda t: t.count())
    )
    counts: dict[str, int] = {EVERYONE: 0}
    for row in rows:
        counts[EVERYONE] += row["people"]
        for name in (row["segment"], row["phase"]):
            if name:
                counts[name] = counts.get(name, 0) + row["people"]
    return counts


def list_audience_choices() -> Choices:
    """Groups of (name, label with count) for a select: segments by phase, whole phases, everyone."""
    counts = count_audiences()
    groups: dict[str, list[tuple[str, str]]] = {}
    for choice in list_audiences():
        title = choice.phase or "" if choice.kind == "segment" else "Larger groups"
        label = "Everyone" if choice.kind == "everyone" else choice.name
        if choice.kind == "phase":
            label = f"All of {choice.name}"
        groups.setdefault(title, []).append((choice.name, f"{label} ({counts.get(choice.name, 0):,})"))
    return list(groups.items())
