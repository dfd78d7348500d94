"""Money and quantities as files write them: one decimal sign for all of them, as engine expressions."""

from dataclasses import dataclass

import duckdb

_TEXT = r"[^0-9.,()+\-−–eE]"
_MACHINE = r"^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$"


@dataclass(frozen=True)
class AmountReading:
    """`decimal` is "." or ","; `is_plain` says that every cell is a bare machine number."""

    decimal: str
    is_plain: bool
    warning: str | None = None

    def read(self, cell: str, places: int = 4) -> str:
        """An expression for `cell` as DECIMAL(18, places); NULL where it is no finite number."""
        kind = f"DECIMAL(18, {places})"
        if self.is_plain:
            return f"TRY_CAST({cell} AS {kind})"
        bare = f"regexp_replace({cell}, '{_TEXT}', '', 'g')"
        bare = f"replace(replace({bare}, '−', '-'), '–', '-')"
        if self.decimal == ",":
            number = f"replace(replace({bare}, '.', ''), ',', '.')"
        else:
            number = f"replace({bare}, ',', '')"
        digits = f"regexp_replace({number}, '[()+\\-]|[eE]+$|^[eE]+', '', 'g')"
        exponent = f"regexp_matches({number}, '^[-+]?[0-9.]+[eE][-+]?[0-9]+$')"
        is_negative = f"regexp_matches({number}, '^[eE]?[-(]|[-)][eE]?$')"
        has_word = f"regexp_matches({cell}, '(?i)(^|[^a-z])(nan|inf|infinity|null|none)($|[^a-z])')"
        value = (
            f"CASE WHEN {exponent} THEN TRY_CAST({number} AS {kind}) WHEN {has_word} THEN NULL "
            f"WHEN NOT regexp_matches({digits}, '^([0-9]+\\.?[0-9]*|\\.[0-9]+)$') THEN NULL "
            f"ELSE TRY_CAST({digits} AS {kind}) * CASE WHEN {is_negative} THEN -1 ELSE 1 END END"
        )
        if self.decimal == ".":
            value = f"coalesce(TRY_CAST(CASE WHEN regexp_matches({cell}, '{_MACHINE}') THEN {cell} END AS {kind}), {value})"
        return f"({value})::{kind}"


def choose_amount_reading(
    connection: duckdb.DuckDBPyConnection, rows: str, cells: list[str], delimiter: str | None
) -> AmountReading:
    """Decide the decimal sign over all amount columns `cells` of the relation `rows`.

    A number with both signs, or with one that is not followed by exactly three digits, settles it. Where none
    does, "1,234" is a thousand (and with semicolons between columns, one and a bit), which a warning says.
    """
    if not cells:
        return AmountReading(".", True)
    casts = ", ".join(f"count({cell}), count(TRY_CAST({cell} AS DECIMAL(18, 6)))" for cell in cells)
    plain = connection.execute(f"SELECT {casts} FROM {rows}").fetchone() or ()
    if plain[::2] == plain[1::2]:
        return AmountReading(".", True)
    union = " UNION ALL ".join(f"SELECT {cell} AS cell FROM {rows}" for cell in cells)
    counts = connection.execute(
        rf"""
        SELECT count(*) FILTER (NOT regexp_matches(cell, '{_MACHINE}')),
            count(*) FILTER (regexp_matches(digits, '\.[0-9]{{3}}.*,[0-9]+$') OR regexp_matches(digits, '^[0-9]*,([0-9]{{1,2}}|[0-9]{{4,}})$')
                OR regexp_matches(digits, '\..*\.')),
            count(*) FILTER (regexp_matches(digits, ',[0-9]{{3}}.*\.[0-9]+$') OR regexp_matches(digits, '^[0-9]*\.([0-9]{{1,2}}|[0-9]{{4,}})$')
                OR regexp_matches(digits, ',.*,')),
            count(*) FILTER (regexp_matches(digits, '^[0-9]{{1,3}},[0-9]{{3}}$')), min(cell) FILTER (regexp_matches(digits, '^[0-9]{{1,3}},[0-9]{{3}}$'))
        FROM (SELECT cell, CASE WHEN contains(cell, ',') OR contains(cell, '.') THEN regexp_replace(cell, '[^0-9.,]', '', 'g') END AS digits
            FROM ({union}) WHERE cell IS NOT NULL)
        """
    ).fetchone()
    assert counts is not None
    odd, comma, point, unclear, example = counts
    if not odd:
        return AmountReading(".", True)
    if comma > point:
        return AmountReading(",", False)
    if not point and unclear:
        decimal = "," if delimiter == ";" else "."
        read = "a decimal comma" if decimal == "," else "a thousands separator"
        return AmountReading(
            decimal,
            False,
            f"The comma in amounts such as {example} was read as {read}; nothing in the column settles it.",
        )
    return AmountReading(".", False)
