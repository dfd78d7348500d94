"""Cells of CSV files that people open in a spreadsheet."""

import pyarrow as pa
import pyarrow.compute as pc

FORMULA = r"^[=+\-@\t\r]"
NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"


def defuse(column: pa.Array) -> pa.Array:
    """Text that a spreadsheet would run gets an apostrophe in front. Numbers stay, those written as text too."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    is_formula = pc.match_substring_regex(column, FORMULA)
    runs = pc.and_not(is_formula, pc.match_substring_regex(column, NUMBER))
    return pc.if_else(runs, pc.binary_join_element_wise("'", column, ""), column)
