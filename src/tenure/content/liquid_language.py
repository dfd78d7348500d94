"""The Liquid dialect of Tenure: strict, with budgets, HTML-escaped where HTML is written."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from liquid import Environment, Mode, Undefined
from liquid.exceptions import FilterArgumentError, OutputStreamLimitError
from liquid.undefined import is_undefined

from tenure.base import clock
from tenure.base.money import format_amount
from tenure.config.environment import read_environment

OUTPUT_BYTES = 1_000_000
LOOP_ITERATIONS = 20_000
VARIABLE_BYTES = 200_000
NUMBER_BITS = 256
ABSENT_TAGS = ("include", "render", "tablerow", "increment", "decrement", "ifchanged")


class TenureLiquid(Environment):
    """Liquid with budgets on loops, nesting, variables and output."""

    loop_iteration_limit = LOOP_ITERATIONS
    output_stream_limit = OUTPUT_BYTES
    local_namespace_limit = VARIABLE_BYTES
    block_nesting_limit = 20
    context_depth_limit = 20


def build_environment(escape_html: bool, undefined: type[Undefined] = Undefined) -> Environment:
    """A fresh environment; `undefined` is the class that stands for a missing variable."""
    environment = TenureLiquid(tolerance=Mode.STRICT, autoescape=escape_html, undefined=undefined)
    for name in ABSENT_TAGS:
        environment.tags.pop(name, None)
    filters = environment.filters
    filters["replace"] = _replace_within_budget(filters["replace"])
    filters["join"] = _join_within_budget(filters["join"])
    filters["date"] = _date_by_our_clock(filters["date"])
    filters["times"] = _times_within_budget(filters["times"])
    filters["money"] = format_money
    return environment


@cache
def get_environment(escape_html: bool) -> Environment:
    """The shared environment for HTML (`escape_html`) or for plain text and headers."""
    return build_environment(escape_html)


def format_money(value: Any, currency: str | None = None) -> str:
    """`{{ 12.5 | money }}` or `{{ 12.5 | money: "USD" }}`; a value that is no number stays as it is."""
    if value is None or is_undefined(value):
        return ""
    code = currency if currency and not is_undefined(currency) else read_environment().currency
    try:
        return format_amount(Decimal(str(value)), str(code))
    except InvalidOperation:
        return str(value)


def _replace_within_budget(original: Callable[..., Any]) -> Callable[..., Any]:
    def replace(value: Any, search: Any, replacement: Any = "") -> Any:
        text, found, new = str(value or ""), str(search), str(replacement)
        hits = text.count(found) if found else len(text) + 1
        if len(text) + hits * len(new) > OUTPUT_BYTES:
            raise OutputStreamLimitError("the result of replace is too large", token=None)
        return original(value, search, replacement)

    return replace


def _join_within_budget(original: Callable[..., Any]) -> Callable[..., Any]:
    def join(value: Any, separator: Any = " ", *, environment: Environment) -> Any:
        count = len(value) if hasattr(value, "__len__") else 0
        if count * len(str(separator)) > OUTPUT_BYTES:
            raise OutputStreamLimitError("the result of join is too large", token=None)
        return original(value, separator, environment=environment)

    join.with_environment = True  # type: ignore[attr-defined]
    return join


def _times_within_budget(original: Callable[..., Any]) -> Callable[..., Any]:
    def times(value: Any, factor: Any) -> Any:
        result = original(value, factor)
        if isinstance(result, int) and result.bit_length() > NUMBER_BITS:
            raise FilterArgumentError("the result of times is too large", token=None)
        return result

    return times


def _date_by_our_clock(original: Callable[..., Any]) -> Callable[..., Any]:
    def format_date(value: Any, pattern: Any = "%Y-%m-%d", *, environment: Environment) -> Any:
        if value is None or is_undefined(value) or value == "":
            return ""
        if value in ("now", "today"):
            value = clock.now()
        if len(str(pattern)) > 200:
            raise FilterArgumentError("the date format is too long", token=None)
        return original(value, pattern, environment=environment)

    format_date.with_environment = True  # type: ignore[attr-defined]
    return format_date
