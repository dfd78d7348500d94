import pyarrow as pa

from tenure.base.spreadsheet import defuse


def test_formulas_get_an_apostrophe_and_everything_else_stays() -> None:
    given = ["=1+1", "+SUM(A1)", "-2+3", "@x", "\tx", "\r=1", "C1", "-17", "+49.5", "", None, "a=b"]
    expected = ["'=1+1", "'+SUM(A1)", "'-2+3", "'@x", "'\tx", "'\r=1", "C1", "-17", "+49.5", "", None, "a=b"]
    assert defuse(pa.array(given)).to_pylist() == expected


def test_columns_of_numbers_stay_as_they_are() -> None:
    assert defuse(pa.array([-1, 2])).to_pylist() == [-1, 2]
