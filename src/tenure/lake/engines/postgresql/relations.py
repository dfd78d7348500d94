"""Joins, stars and row ids that PostgreSQL writes in another way."""

from collections.abc import Callable

from sqlglot import exp

LookUp = Callable[[exp.Expr], list[str]]


def needs_columns(parsed: exp.Expr) -> bool:
    """Whether a statement says "all but" or "by name" of columns that it does not list itself."""
    if any(star.args.get("except_") or star.args.get("replace") for star in parsed.find_all(exp.Star)):
        return True
    if isinstance(parsed, exp.Insert) and parsed.args.get("by_name"):
        return not find_columns(parsed.expression)
    unions = [one for one in parsed.find_all(exp.SetOperation) if one.args.get("by_name")]
    return any(not find_columns(side) for one in unions for side in (one.this, one.expression))


def find_columns(query: exp.Expr) -> list[str]:
    """The names that a query lists; none where it has a star."""
    if isinstance(query, exp.Subquery):
        return find_columns(query.this)
    if isinstance(query, exp.SetOperation):
        return find_columns(query.this)
    if not isinstance(query, exp.Select) or query.is_star:
        return []
    return [part.alias_or_name for part in query.expressions]


def rewrite_joins(query: exp.Select) -> None:
    """SEMI and ANTI JOIN as EXISTS."""
    source = query.args.get("from_")
    for join in list(query.args.get("joins") or []):
        if source is None or join.kind not in ("SEMI", "ANTI"):
            continue
        other = join.this
        for side, name in ((source.this, "_one"), (other, "_other")):
            if not side.alias_or_name:
                side.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
        on = join.args.get("on")
        for column in join.args.get("using") or []:
            equal = exp.EQ(
                this=exp.column(column.copy(), table=other.alias_or_name),
                expression=exp.column(column.copy(), table=source.this.alias_or_name),
            )
            on = equal if on is None else exp.and_(on, equal)
        found = exp.Exists(this=exp.select("1").from_(other).where(on))
        query.where(exp.Not(this=found) if join.kind == "ANTI" else found, copy=False)
        join.pop()


def rewrite_row_ids(parsed: exp.Expr) -> None:
    """`rowid IN (SELECT rowid FROM t WHERE ...)` as its condition; what is left is `ctid`."""
    for found in list(parsed.find_all(exp.In)):
        inner = found.args.get("query")
        select = inner.this if isinstance(inner, exp.Subquery) else inner
        if not (_is_row_id(found.this) and isinstance(select, exp.Select)):
            continue
        condition = _find_condition(found.this, select)
        if condition is not None:
            found.replace(exp.Paren(this=condition))
    for column in list(parsed.find_all(exp.Column)):
        if _is_row_id(column):
            column.set("this", exp.to_identifier("ctid"))


def _is_row_id(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() == "rowid"


def _find_condition(row_id: exp.Column, select: exp.Select) -> exp.Expr | None:
    """The condition of a select of row ids from one table, about the row that `row_id` names."""
    where, source = select.args.get("where"), select.args.get("from_")
    if where is None or source is None or select.args.get("joins") or len(select.expressions) != 1:
        return None
    if not (_is_row_id(select.expressions[0]) and isinstance(source.this, exp.Table)):
        return None
    inside, outside = source.this.alias_or_name, row_id.table or _name_of_target(row_id)
    condition: exp.Expr = where.this.copy()
    for column in list(condition.find_all(exp.Column)):
        nested = column.find_ancestor(exp.Select)
        if column.table == inside or (not column.table and nested is None):
            column.set("table", exp.to_identifier(outside) if outside else None)
    return condition


def _name_of_target(row_id: exp.Column) -> str:
    owner = row_id.find_ancestor(exp.Select, exp.Delete, exp.Update)
    if isinstance(owner, exp.Select):
        return str(owner.args["from_"].this.alias_or_name)
    return str(owner.this.alias_or_name) if owner is not None else ""


def expand_stars(parsed: exp.Expr, look_up: LookUp) -> None:
    """`* EXCLUDE (a)` and `* REPLACE (x AS a)` as the columns that they stand for."""
    for query in reversed(list(parsed.find_all(exp.Select))):
        listed: list[exp.Expr] = []
        for part in query.expressions:
            star = part.this if isinstance(part, exp.Column) else part
            if not isinstance(star, exp.Star) or not (star.args.get("except_") or star.args.get("replace")):
                listed.append(part)
                continue
            table = part.table if isinstance(part, exp.Column) else ""
            listed += _list_star(star, table, _columns_of(query, table, look_up))
        query.set("expressions", listed)


def _list_star(star: exp.Expr, table: str, columns: list[str]) -> list[exp.Expr]:
    left_out = {column.name for column in star.args.get("except_") or []}
    replaced = {alias.alias: alias for alias in star.args.get("replace") or []}
    return [
        replaced[name].copy() if name in replaced else exp.column(name, table=table or None)
        for name in columns
        if name not in left_out
    ]


def _columns_of(query: exp.Select, table: str, look_up: LookUp) -> list[str]:
    """Ask for the columns of one source of a query, or of all, with the CTEs that stand before it."""
    star: exp.Expr = exp.Column(this=exp.Star(), table=exp.to_identifier(table)) if table else exp.Star()
    asked = exp.Select(expressions=[star])
    for name in ("from_", "joins"):
        value = query.args.get(name)
        asked.set(name, [one.copy() for one in value] if isinstance(value, list) else value and value.copy())
    ctes: list[exp.Expr] = []
    node: exp.Expr | None = query
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None:
            ctes = [*_before(with_.expressions, query), *ctes]
        node = node.parent
    if ctes:
        asked.set("with_", exp.With(expressions=[cte.copy() for cte in ctes]))
    return look_up(asked.limit(0, copy=False))


def _before(ctes: list[exp.Expr], query: exp.Expr) -> list[exp.Expr]:
    own = query.find_ancestor(exp.CTE)
    return ctes[: ctes.index(own)] if own in ctes else list(ctes)


def put_by_name(parsed: exp.Expr, look_up: LookUp) -> None:
    """BY NAME as lists of columns."""
    for union in reversed(list(parsed.find_all(exp.SetOperation))):
        if not union.args.get("by_name"):
            continue
        names = _names_of(union.this, look_up)
        other = union.expression
        if _names_of(other, look_up) != names:
            part = exp.Subquery(this=other.copy(), alias=exp.TableAlias(this=exp.to_identifier("_named")))
            union.set("expression", exp.select(*(exp.column(name) for name in names)).from_(part))
        union.set("by_name", False)
    if isinstance(parsed, exp.Insert) and parsed.args.get("by_name"):
        names = _names_of(parsed.expression, look_up)
        columns = [exp.to_identifier(name) for name in names]
        parsed.set("this", exp.Schema(this=parsed.this.copy(), expressions=columns))
        parsed.set("by_name", False)


def _names_of(query: exp.Expr, look_up: LookUp) -> list[str]:
    names = find_columns(query)
    if names:
        return names
    asked = exp.Subquery(this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier("_asked")))
    return look_up(exp.select("*").from_(asked).limit(0))
