"""Which column holds which field by what its first rows say, where the names do not tell."""

import re
from collections.abc import Mapping

from tenure.events.imports.results import FileShape

_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})([T ,].*)?|(19|20)\d{2}(0[1-9]|1[0-2])[0-3]\d(T?\d{4,6})?"
    r"|\d{1,2}[- .][A-Za-z]{3,9}[- .,]+\d{2,4}.*|[A-Za-z]{3,9} \d{1,2},? \d{4}.*"
)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_MONEY = re.compile(r"[-+(]?\s*[$€£]?\s*[-+]?\d[\d.,' ]*[.,]\d{1,4}\)?\s*([$€£]|[A-Z]{3})?-?")
_DATED = {"orders": "ordered_at", "customers": "created_at", "events": "timestamp"}
_PRICED = ("amount", "unit_price", "order_total")


def guess_by_content(kind: str, shape: FileShape, mapping: Mapping[str, str]) -> dict[str, str]:
    """`mapping` with the only column of dates, of addresses and of amounts where those are missing.

    In a file without headings also the customer: the only column of ids, or the first column where it repeats.
    """
    found = dict(mapping)
    free = {
        column: values
        for position, column in enumerate(shape.columns)
        if column not in found.values() and (values := _list_values(shape, position))
    }
    dates = _take(free, _DATE)
    emails = _take(free, _EMAIL)
    moneys = _take(free, _MONEY) if kind == "orders" else []
    if len(dates) == 1 and not (kind == "customers" and {"created_at", "birthday"} & set(found)):
        found.setdefault(_DATED[kind], dates[0])
    if len(emails) == 1 and kind != "events":
        found.setdefault("email", emails[0])
    if len(moneys) == 1 and not set(_PRICED) & set(found):
        found["amount"] = moneys[0]
    if not shape.has_header and not {"customer_id", "email"} & set(found):
        customer = _find_customer(shape, free, found.get(_DATED[kind]))
        found |= {"customer_id": customer} if customer else {}
    return found


def _list_values(shape: FileShape, position: int) -> list[str]:
    return [row[position].strip() for row in shape.samples if row[position].strip()]


def _take(free: dict[str, list[str]], pattern: re.Pattern[str]) -> list[str]:
    """The columns all of whose values match, no longer free."""
    same = [column for column, values in free.items() if all(pattern.fullmatch(value) for value in values)]
    for column in same:
        del free[column]
    return same


def _find_customer(shape: FileShape, free: dict[str, list[str]], date: str | None) -> str | None:
    before = shape.columns.index(date) if date else len(shape.columns)
    ids = [column for column in free if shape.columns.index(column) < before] or list(free)
    if len(ids) == 1:
        return ids[0]
    repeats = ids and len(set(free[ids[0]])) < len(free[ids[0]])
    return ids[0] if repeats else None
