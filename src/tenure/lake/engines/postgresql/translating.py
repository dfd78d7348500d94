"""Statements of the lake (DuckDB's dialect) in PostgreSQL's words.

sqlglot knows most of the way; what it does not know, or says with another meaning, is rewritten here. Functions
that PostgreSQL lacks stand in `functions.sql`.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from tenure.lake.engines.postgresql.aggregates import rewrite_aggregate
from tenure.lake.engines.postgresql.own_texts import find_own_text
from tenure.lake.engines.postgresql.patterns import rewrite_pattern
from tenure.lake.engines.postgresql.relations import (
    expand_stars,
    find_columns,
    needs_columns,
    put_by_name,
    rewrite_joins,
    rewrite_row_ids,
)

Describe = Callable[[str], list[str]]
"""The column names that a SELECT answers with."""

_MOMENT = re.compile(
    r"'\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2}(?:\.\d+)?)?'|MAKE_(?:DATE|TIMESTAMP)\([\d., ]+,[\d., ]+\)"
)
_MARK = re.compile(r"'@\d+@'")
_MOST_HERE = 256
_translations_here: dict[str, tuple[dict[str, list[str]], list[str]]] = {}
_PLACEHOLDER = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|\?""")


class LakePostgres(Postgres):
    """PostgreSQL as the lake writes it."""

    class Generator(Postgres.Generator):  # type: ignore[misc, valid-type]
        TYPE_MAPPING = {
            **Postgres.Generator.TYPE_MAPPING,
            exp.DataType.Type.UBIGINT: "BIGINT",
            exp.DataType.Type.UINT: "BIGINT",
            exp.DataType.Type.INT128: "NUMERIC",
            exp.DataType.Type.JSON: "JSONB",
        }
        TRANSFORMS = {
            **Postgres.Generator.TRANSFORMS,
            exp.Placeholder: lambda _, node: f"${node.name}",
            exp.Parameter: lambda _, node: f"${node.name}",
        }


def translate(statement: str, describe: Describe) -> list[str]:
    """The statements that do in PostgreSQL what one statement of the lake does. `?` becomes `$1`, `$2`, ...

    Moments written in a statement change from call to call, so they are taken out before it is looked up among
    those translated before.
    """
    if own := find_own_text(statement):
        return [own]
    values: list[str] = []

    def take_out(found: re.Match[str]) -> str:
        if found.group() not in values:
            values.append(found.group())
        return f"'@{values.index(found.group())}@'"

    template = _MOMENT.sub(take_out, statement)
    known = None if _MARK.search(statement) else _translate_known(template)
    if known is None:
        return _translate_here(statement, describe)
    translated = list(known)
    for number, value in enumerate(values):
        translated = [text.replace(f"'@{number}@'", value) for text in translated]
    return translated


@lru_cache(maxsize=2048)
def _translate_known(template: str) -> tuple[str, ...] | None:
    """None where the translation depends on columns that only the engine knows."""
    parsed = _parse(template)
    return None if needs_columns(parsed) else tuple(_translate(parsed, _know_nothing))


def _know_nothing(query: str) -> list[str]:
    raise LookupError(query)


def _translate_here(statement: str, describe: Describe) -> list[str]:
    """For statements about columns that they do not list: looked up anew, and translated anew where they changed."""
    questions, translated = _translations_here.get(statement, ({}, []))
    if not translated or any(describe(query) != columns for query, columns in questions.items()):
        questions = {}

        def ask(query: str) -> list[str]:
            questions[query] = describe(query)
            return questions[query]

        translated = _translate(_parse(statement), ask)
        if len(_translations_here) >= _MOST_HERE:
            _translations_here.clear()
        _translations_here[statement] = (questions, translated)
    return translated


def _parse(statement: str) -> exp.Expr:
    return sqlglot.parse_one(_number_placeholders(statement), read="duckdb")


def _translate(parsed: exp.Expr, describe: Describe) -> list[str]:
    for query in reversed(list(parsed.find_all(exp.Select))):
        rewrite_joins(query)
    rewrite_row_ids(parsed)
    for node in reversed(list(parsed.walk())):
        rewritten = rewrite_aggregate(_rewrite(node))
        if rewritten is not node:
            node.replace(rewritten)

    def look_up(query: exp.Expr) -> list[str]:
        return find_columns(query) or describe(_write(query))

    expand_stars(parsed, look_up)
    put_by_name(parsed, look_up)
    return [_write(part) for part in _split(parsed)]


def _write(parsed: exp.Expr) -> str:
    return parsed.sql(dialect=LakePostgres, unsupported_level=sqlglot.ErrorLevel.IGNORE)


def _split(parsed: exp.Expr) -> Iterable[exp.Expr]:
    """CREATE OR REPLACE of a table is two statements; TRUNCATE would lock readers out."""
    if isinstance(parsed, exp.Create) and parsed.kind == "TABLE" and parsed.args.get("replace"):
        name = parsed.this.this if isinstance(parsed.this, exp.Schema) else parsed.this
        is_temporary = bool(parsed.find(exp.TemporaryProperty))
        dropped = exp.to_table(f"pg_temp.{name.name}") if is_temporary else name.copy()
        yield exp.Drop(this=dropped, kind="TABLE", exists=True)
        parsed.set("replace", False)
    if isinstance(parsed, exp.TruncateTable):
        for table in parsed.expressions:
            yield exp.Delete(this=table)
        return
    yield parsed


def _rewrite(node: exp.Expr) -> exp.Expr:
    rule = _RULES.get(type(node))
    return node if rule is None else rule(node)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _path_of(node: exp.Expr) -> list[exp.Expr]:
    path = node.expression
    if isinstance(path, exp.JSONPath):
        keys = [part.this for part in path.expressions if not isinstance(part, exp.JSONPathRoot)]
        return [exp.Literal.string(str(key)) for key in keys]
    if isinstance(path, exp.Literal) and path.is_string:
        if path.name.startswith("/"):
            parts = [part.replace("~1", "/").replace("~0", "~") for part in path.name[1:].split("/")]
            return [exp.Literal.string(part) for part in parts]
        return [exp.Literal.string(path.name)]
    raise ValueError(f"a path into JSON is written as text: {path.sql('duckdb')}")


def _read_json_text(node: exp.Expr) -> exp.Expr:
    return _call("json_text", node.this, *_path_of(node))


def _read_json_part(node: exp.Expr) -> exp.Expr:
    return _call("json_part", node.this, *_path_of(node))


_TRIED = {
    "DOUBLE": "try_double",
    "FLOAT": "try_double",
    "BIGINT": "try_bigint",
    "INT": "try_bigint",
    "SMALLINT": "try_bigint",
    "TINYINT": "try_bigint",
    "BOOLEAN": "try_boolean",
    "TIMESTAMP": "try_timestamp",
    "TIMESTAMPNTZ": "try_timestamp",
    "TIMESTAMPTZ": "try_moment",
    "DATE": "try_date",
}


def _try_cast(node: exp.Expr) -> exp.Expr:
    kind = node.args["to"]
    name = str(kind.this.value)
    if name in ("TEXT", "VARCHAR"):
        return exp.Cast(this=node.this, to=kind)
    if name == "DECIMAL":
        digits, scale = ([part.this.copy() for part in kind.expressions] or [None, None])[:2]
        return _call(
            "try_decimal",
            node.this,
            digits or exp.Literal.number(18),
            scale or exp.Literal.number(3),
        )
    if name not in _TRIED:
        raise ValueError(f"TRY_CAST to {name} has no translation")
    return _call(_TRIED[name], node.this)


def _cast(node: exp.Expr) -> exp.Expr:
    """`hash` is a BIGINT here; DuckDB's unsigned one goes through BIT. Only an INT can be made of a boolean."""
    inner: exp.Expr = node.this
    if isinstance(inner, exp.Cast) and inner.args["to"].is_type("bit"):
        unsigned: exp.Expr = inner.this
        return unsigned
    is_condition = isinstance(inner.unnest(), exp.Predicate | exp.Not | exp.Connector)
    if isinstance(inner, exp.Column) and node.args["to"].is_type("bigint"):
        return _call("as_bigint", inner)
    is_small = node.args["to"].is_type("tinyint", "smallint")
    if is_small or (is_condition and node.args["to"].is_type("bigint", "decimal", "double")):
        node.set("this", exp.cast(inner, "int"))
    return node


def _diff_dates(node: exp.Expr) -> exp.Expr:
    unit = node.args["unit"].name.lower()
    if unit == "day":
        until, since = (exp.Paren(this=exp.cast(part, "date")) for part in (node.this, node.expression))
        return exp.cast(exp.Paren(this=exp.Sub(this=until, expression=since)), "bigint")
    moments = (exp.cast(part, "timestamp") for part in (node.expression, node.this))
    return _call("date_diff", exp.Literal.string(unit), *moments)


def _contains(node: exp.Expr) -> exp.Expr:
    return exp.Paren(
        this=exp.GT(this=_call("strpos", node.this, node.expression), expression=exp.Literal.number(0))
    )


def _from_unix(node: exp.Expr) -> exp.Expr:
    scale = node.args.get("scale")
    if scale is not None and scale.name == "6":
        return _call("make_moment", node.this)
    return exp.cast(node, "timestamp")


def _make_date(node: exp.Expr) -> exp.Expr:
    parts = (node.args[name] for name in ("year", "month", "day"))
    return _call("make_date", *(part if part.is_int else exp.cast(part, "int") for part in parts))


def _extract(node: exp.Expr) -> exp.Expr:
    """Whole numbers, as in DuckDB; PostgreSQL gives decimals."""
    return node if node.name.lower() == "epoch" else exp.cast(node, "bigint")


def _match_fully(node: exp.Expr) -> exp.Expr:
    rewrite_pattern(node)
    return _call("regexp_full_match", node.this, node.expression)


def _anonymous(node: exp.Expr) -> exp.Expr:
    name = str(node.this).lower()
    if name == "json_group_object":
        return _call("jsonb_object_agg", *node.expressions)
    if name == "list_sum":
        return _sum_items(node)
    return node


def _sum_items(node: exp.Expr) -> exp.Expr:
    """list_sum(list_transform(from_json(x, '[{"field": "DOUBLE"}]'), lambda item: ...))"""
    transform = node.expressions[0]
    source, function = transform.this, transform.expression
    item = function.expressions[0].name
    structure = re.findall(r'"(\w+)":\s*"(\w+)"', source.expressions[1].name)
    fields = ", ".join(f"try_double(json_text(i.value, '{field}')) AS {field}" for field, _ in structure)
    body = function.this.sql(dialect=LakePostgres)
    items = f"json_items({source.expressions[0].sql(dialect=LakePostgres)})"
    text = f"(SELECT SUM({body}) FROM (SELECT {fields} FROM {items} AS i) AS {item})"
    return exp.Paren(this=sqlglot.parse_one(text[1:-1], read="postgres"))


_RULES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.JSONExtractScalar: _read_json_text,
    exp.JSONExtract: _read_json_part,
    exp.TryCast: _try_cast,
    exp.Cast: _cast,
    exp.DateDiff: _diff_dates,
    exp.Contains: _contains,
    exp.UnixToTime: _from_unix,
    exp.Anonymous: _anonymous,
    exp.DateFromParts: _make_date,
    exp.Extract: _extract,
    exp.RegexpLike: rewrite_pattern,
    exp.RegexpFullMatch: _match_fully,
    exp.IgnoreNulls: lambda node: node.this if isinstance(node.this, exp.AnyValue) else node,
}


def _number_placeholders(statement: str) -> str:
    """`?` as `$1`, `$2`, ...; not those inside of text."""
    numbers = itertools.count(1)
    return _PLACEHOLDER.sub(lambda found: found.group(1) or f"${next(numbers)}", statement)
