"""Aggregates that PostgreSQL writes in another way."""

from sqlglot import exp


def rewrite_aggregate(node: exp.Expr) -> exp.Expr:
    """`arg_max`, `arg_min` and `first` as the first item of an ordered array, with their FILTER inside."""
    condition = None
    aggregate = node
    if isinstance(node, exp.Filter):
        aggregate, condition = node.this, node.expression.this
    elif isinstance(node.parent, exp.Filter):
        return node
    if isinstance(aggregate, exp.ArgMax | exp.ArgMin):
        return _pick(aggregate, condition)
    if isinstance(aggregate, exp.First):
        return _take_first(exp.ArrayAgg(this=aggregate.this), condition)
    return node


def _pick(aggregate: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    key = aggregate.expression
    is_row = isinstance(key, exp.Tuple) or (isinstance(key, exp.Anonymous) and str(key.this).lower() == "row")
    keys = key.expressions if is_row else [key]
    is_last = isinstance(aggregate, exp.ArgMax)
    order = exp.Order(
        this=aggregate.this,
        expressions=[exp.Ordered(this=part.copy(), desc=is_last, nulls_first=False) for part in keys],
    )
    for known in (aggregate.this, *keys):
        is_known = exp.Not(this=exp.Is(this=exp.Paren(this=known.copy()), expression=exp.Null()))
        condition = is_known if condition is None else exp.and_(condition, is_known)
    return _take_first(exp.ArrayAgg(this=order), condition)


def _take_first(gathered: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    if condition is not None:
        gathered = exp.Filter(this=gathered, expression=exp.Where(this=condition.copy()))
    return exp.Bracket(this=exp.Paren(this=gathered), expressions=[exp.Literal.number(0)])
