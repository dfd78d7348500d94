import pytest

from tenure.lake.engines.postgresql.patterns import translate_pattern
from tenure.lake.engines.postgresql.translating import translate


def say(statement: str, *columns: str) -> str:
    return "; ".join(translate(statement, lambda _: list(columns)))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "CREATE OR REPLACE TEMP TABLE x AS SELECT 1 AS a",
            "DROP TABLE IF EXISTS pg_temp.x; CREATE TEMPORARY TABLE x AS SELECT 1 AS a",
        ),
        ("TRUNCATE x", "DELETE FROM x"),
        ("INSERT INTO x BY NAME SELECT 1 AS a, 2 AS b", "INSERT INTO x (a, b) SELECT 1 AS a, 2 AS b"),
        (
            "SELECT a FROM x SEMI JOIN y USING (a)",
            "SELECT a FROM x WHERE EXISTS(SELECT 1 FROM y WHERE y.a = x.a)",
        ),
        (
            "SELECT a FROM x WHERE rowid IN (SELECT m.rowid FROM x AS m SEMI JOIN y USING (a))",
            "SELECT a FROM x WHERE (EXISTS(SELECT 1 FROM y WHERE y.a = x.a))",
        ),
        (
            "SELECT arg_max(a, (b, c)) FILTER (d > 1) FROM x",
            "SELECT (ARRAY_AGG(a ORDER BY b DESC NULLS LAST, c DESC NULLS LAST) FILTER(WHERE ((d > 1 AND NOT (a) "
            "IS NULL) AND NOT (b) IS NULL) AND NOT (c) IS NULL))[1] FROM x",
        ),
        ("SELECT a ->> '$.b.\"c d\"' FROM x", "SELECT JSON_TEXT(a, 'b', 'c d') FROM x"),
        ("SELECT TRY_CAST(a AS DECIMAL(16, 4)) FROM x", "SELECT TRY_DECIMAL(a, 16, 4) FROM x"),
        (
            "UPDATE x SET a = ? WHERE b = '?' AND c = ?::TIMESTAMP",
            "UPDATE x SET a = $1 WHERE b = '?' AND c = CAST($2 AS TIMESTAMP)",
        ),
    ],
)
def test_a_statement_is_said_in_postgresqls_words(statement: str, said: str) -> None:
    assert say(statement) == said


def test_all_but_some_columns_are_the_others_by_name() -> None:
    assert say("SELECT * EXCLUDE (b) FROM x", "a", "b", "c") == "SELECT a, c FROM x"
    assert say("SELECT x.* REPLACE (1 AS b) FROM x", "a", "b") == "SELECT x.a, 1 AS b FROM x"
    assert say("INSERT INTO y BY NAME SELECT * FROM x", "b", "a") == "INSERT INTO y (b, a) SELECT * FROM x"


def test_columns_are_looked_up_anew_when_a_table_has_changed() -> None:
    statement = "SELECT * EXCLUDE (b) FROM changing"
    assert say(statement, "a", "b") == "SELECT a FROM changing"
    assert say(statement, "b", "c") == "SELECT c FROM changing"


def test_moments_differ_and_the_rest_is_translated_once() -> None:
    for day in ("2026-01-01", "2026-01-02"):
        text = f"SELECT a FROM x WHERE a > '{day} 10:00:00.5' AND b < MAKE_TIMESTAMP(2026, 1, 1, 0, 0, 0.25)"
        assert say(text) == text
    assert say("SELECT '@0@', '2026-01-01' FROM x") == "SELECT '@0@', '2026-01-01' FROM x"


def test_patterns_name_letters_in_postgresqls_words() -> None:
    assert translate_pattern(r"^[\p{L}\p{N}-]+@\p{L}{2,}$") == r"^[[:alpha:][:digit:]-]+@[[:alpha:]]{2,}$"
    assert translate_pattern(r"[^@\s]+\.[]x]\z") == r"[^@\s]+\.[]x]\Z"
