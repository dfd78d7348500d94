"""The one glossary: every word a page explains. Kept in glossary.yaml, shown at /glossary/, written to the docs.

python -m tenure.web.glossary docs/reference/glossary.md
"""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from django.utils.text import slugify

SOURCE = Path(__file__).with_name("glossary.yaml")


@dataclass(frozen=True)
class Entry:
    """A word, what it means in a plain sentence, and how it is computed."""

    term: str
    slug: str
    definition: str
    detail: str
    also: tuple[str, ...]


@cache
def list_entries() -> tuple[Entry, ...]:
    """Every entry, in alphabetical order."""
    raw = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    entries = [
        Entry(
            term=term,
            slug=slugify(term),
            definition=" ".join(body["is"].split()),
            detail=" ".join(body.get("how", "").split()),
            also=tuple(body.get("also", ())),
        )
        for term, body in raw.items()
    ]
    return tuple(sorted(entries, key=lambda entry: entry.term.lower()))


@cache
def _index() -> dict[str, Entry]:
    index: dict[str, Entry] = {}
    for entry in list_entries():
        for name in (entry.term, *entry.also):
            index[name.lower()] = entry
    return index


def find_entry(term: str) -> Entry | None:
    """The entry of a term or of one of its other names, whatever the case."""
    return _index().get(term.strip().lower())


def render_markdown() -> str:
    """The glossary as the reference page of the documentation."""
    lines = [
        "# Glossary",
        "",
        "One word per concept. Made from `src/tenure/web/glossary.yaml` by `python -m tenure.web.glossary`; change it there.",
        "",
    ]
    for entry in list_entries():
        also = f" (also: {', '.join(entry.also)})" if entry.also else ""
        lines += [f"## {entry.term}{also}", "", entry.definition, ""]
        if entry.detail:
            lines += [entry.detail, ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render_markdown(), encoding="utf-8")
