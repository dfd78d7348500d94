"""Columns that are no field of their own: traits and properties, typed by what the whole column holds."""

import duckdb

from tenure.events.imports.cells import Cells, json_text

_NUMBER = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?$"
_BOOLEAN = r"^(true|false|TRUE|FALSE|True|False)$"


def describe_extras(connection: duckdb.DuckDBPyConnection, cells: Cells) -> dict[str, str]:
    """Names of the unmapped columns to expressions that give JSON text, NULL where the cell is empty.

    A column of plain numbers (no leading zeros) gives numbers, one of true and false gives booleans, any other text.
    """
    names = [name for name in cells.rows.columns if name not in cells.mapping.values()]
    if not names:
        return {}
    found_at = {name: cells.rows.position(name) for name in names}
    tests = ", ".join(
        f"bool_and(regexp_matches({cell}, '{_NUMBER}')), bool_and(regexp_matches({cell}, '{_BOOLEAN}'))"
        for cell in found_at.values()
    )
    found = connection.execute(f"SELECT {tests} FROM {cells.relation}").fetchone()
    assert found is not None
    extras = {}
    for index, (name, cell) in enumerate(found_at.items()):
        is_number, is_boolean = found[2 * index], found[2 * index + 1]
        if is_number:
            extras[name] = cell
        elif is_boolean:
            extras[name] = f"lower({cell})"
        else:
            extras[name] = json_text(cells.mend(cell))
    return extras
