"""The names that a template may use, and those in it that do not exist."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from tenure.content import api as content
from tenure.customers import api as customers
from tenure.lake import api as lakes

ROOTS = ("customer", "campaign", "company", "unsubscribe_url")
FIELDS = (
    *("first_name", "last_name", "name", "email", "phone", "country", "segment", "phase", "id", "birthday"),
    *("gender", "address", "timezone", "locale", "created_at", "firstName", "lastName", "createdAt"),
)


@dataclass(frozen=True)
class UnknownName:
    """A name in a template that stands for nothing; `nearest` is the one that was probably meant."""

    name: str
    line: int
    nearest: str | None

    @property
    def sentence(self) -> str:
        meant = f"; did you mean {self.nearest}?" if self.nearest else "."
        return f"{self.name} (line {self.line}): there is no such field{meant}"


@ibis.udf.scalar.builtin(name="json_keys")  # type: ignore[untyped-decorator]
def list_keys(document: str) -> list[str]:  # type: ignore[empty-body]
    """The keys of a JSON object in DuckDB."""


def list_unknown(templates: Iterable[content.Template], person: Mapping[str, Any]) -> tuple[UnknownName, ...]:
    """Names that no customer has, whether a default hides them or not. `person` is one who is known."""
    used = [found for template in templates for found in content.list_variables(template)]
    known = {*FIELDS, *person}
    if any(_names_field(path) and path[1] not in known for path, _ in used):
        known |= read_trait_names()
    unknown = []
    for path, line in used:
        if path and path[0] not in ROOTS:
            unknown.append(UnknownName(path[0], line, _find_nearest(path, known)))
        elif _names_field(path) and path[1] not in known:
            unknown.append(UnknownName(f"customer.{path[1]}", line, _find_nearest(path[1:2], known)))
    return tuple(unknown)


def read_trait_names() -> set[str]:
    """Every trait that any customer has, as templates may write it."""
    everybody = customers.build_customers()
    keys = everybody.select(key=list_keys(everybody.traits).unnest()).distinct()
    with lakes.current().heavy():
        rows = lakes.current().read_rows(keys)
    return set(content.compute_variables({row["key"]: None for row in rows if row["key"]}))


def _names_field(path: tuple[str, ...]) -> bool:
    return len(path) > 1 and path[0] == "customer"


def _find_nearest(path: tuple[str, ...], known: Iterable[str]) -> str | None:
    choices = {name.casefold(): name for name in ROOTS}
    for field in sorted(known):
        choices |= {
            f"customer.{field}".casefold(): f"customer.{field}",
            field.casefold(): f"customer.{field}",
        }
    for written in (".".join(path), path[-1]):
        close = difflib.get_close_matches(written.casefold(), list(choices), n=1, cutoff=0.7)
        if close:
            return choices[close[0]]
    return None
