"""Random rules of every kind."""

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tenure.segments.tests.alphabets import CAMPAIGNS, FUNNEL, LISTS, NAMES, ODD, PURPOSES, TEXTS

Data = dict[str, Any]
Rules = st.SearchStrategy[Data]
comparisons = st.one_of(
    st.builds(
        lambda op, value: {"operator": op, "value": value},
        st.sampled_from(("equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with")),
        st.sampled_from(TEXTS),
    ),
    st.builds(
        lambda op, value: {"operator": op, "value": value},
        st.sampled_from(("one_of", "not_one_of")),
        st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3),
    ),
    st.builds(
        lambda op, kind: {"type": kind, "operator": op},
        st.sampled_from(("known", "unknown")),
        st.sampled_from(("text", "number", "date", "list", "boolean")),
    ),
    st.builds(
        lambda op, value: {"type": "number", "operator": op, "value": value},
        st.sampled_from(("equals", "not_equals", "more_than", "at_least", "less_than", "at_most")),
        st.sampled_from((0, 1, "2.5", -1, "0.0001", 10, 1000)),
    ),
    st.just({"type": "number", "operator": "between", "value": [0, "2.5"]}),
    st.builds(lambda op: {"type": "boolean", "operator": op}, st.sampled_from(("is_true", "is_false"))),
    st.builds(
        lambda op, value: {"type": "list", "operator": op, "value": value},
        st.sampled_from(("contains", "not_contains")),
        st.sampled_from(("coffee", "tea", "5", "2.5", ODD, "a")),
    ),
    st.builds(
        lambda op, value: {"type": "date", "operator": op, "value": value},
        st.sampled_from(("on", "before", "after")),
        st.sampled_from(("2026-03-28", "2026-03-29", "1996-02-29")),
    ),
    st.just({"type": "date", "operator": "between", "value": ["1990-01-01", "2026-03-28"]}),
)
days_comparisons = st.builds(
    lambda op, value: {"type": "date", "operator": op, "value": value},
    st.sampled_from(("in_next_days", "in_last_days", "anniversary_in_days")),
    st.sampled_from((0, 1, 2, 30, 364, 365, 366)),
)
any_comparison = st.one_of(comparisons, comparisons, days_comparisons)
number_comparisons = comparisons.filter(lambda one: one.get("type") == "number")
filters = st.lists(
    st.builds(
        lambda name, how: {"property": name, **how},
        st.sampled_from(("category", "price", "when", "address.city")),
        comparisons,
    ),
    max_size=1,
)
small = st.sampled_from((0, 1, 2, 3, "2.5", 5, 10, -1))
bounds = st.one_of(
    st.builds(
        lambda how, value: {how: value},
        st.sampled_from(("at_least", "at_most", "exactly", "more_than", "less_than")),
        small,
    ),
    st.just({"at_least": 1}),
    st.just({"exactly": 0}),
    st.just({"between": [1, "2.5"]}),
    st.just({"between": [0, 0]}),
)


@st.composite
def windows(draw: st.DrawFn, base: datetime) -> Data:
    kind = draw(st.sampled_from(("ever", "days", "hours", "from", "to", "both")))
    day = (base + timedelta(days=draw(st.integers(-1, 2)))).date()
    later: date = day + timedelta(days=draw(st.integers(0, 2)))
    return {
        "ever": {},
        "days": {"days": draw(st.sampled_from((1, 2, 3, 40)))},
        "hours": {"hours": draw(st.sampled_from((1, 2, 24, 25)))},
        "from": {"from": day.isoformat()},
        "to": {"to": day.isoformat()},
        "both": {"from": day.isoformat(), "to": later.isoformat()},
    }[kind]  # type: ignore[return-value]


def _rule(kind: str, required: Data, optional: Data | None = None) -> Rules:
    return st.fixed_dictionaries({"kind": st.just(kind), **required}, optional=optional or {})


step = st.fixed_dictionaries({"event": st.sampled_from(NAMES)}, optional={"where": filters})
some_funnel = st.lists(st.sampled_from(tuple(FUNNEL)), min_size=1, max_size=2)
line_filters = st.lists(
    st.sampled_from(
        (
            {"property": "products.category", "value": "coffee"},
            {"property": "price", "type": "number", "operator": "more_than", "value": 3},
        )
    ),
    max_size=1,
)
visit_filters = st.lists(
    st.sampled_from(
        (
            {"property": "source", "value": "newsletter"},
            {"property": "source", "operator": "not_equals", "value": "google.com"},
            {"property": "medium", "value": "referral"},
            {"property": "landing_page", "operator": "starts_with", "value": "/"},
            {"property": "minutes", "type": "number", "operator": "more_than", "value": 10},
            {"property": "pages", "type": "number", "operator": "at_least", "value": 1},
        )
    ),
    max_size=1,
)


def build_rules(base: datetime, stages: tuple[str, ...]) -> dict[str, Rules]:
    """A strategy for each kind."""
    window = windows(base)
    return {
        "attribute": _attributes(base),
        "company": st.builds(
            lambda name, how: {"kind": "company", "trait": name, **how},
            st.sampled_from(("plan", "employees", "since", "company_id", "*")),
            any_comparison,
        ).filter(lambda rule: rule["trait"] != "company_id" or rule.get("type", "text") == "text"),
        "event": _rule(
            "event",
            {"event": st.sampled_from((*NAMES, "Page Viewed", "Never Happens"))},
            {
                "where": filters,
                "times": bounds,
                "window": window,
                "occurrence": st.sampled_from(("any", "first", "last")),
            },
        ),
        "bought": _bought(window),
        "visits": _rule(
            "visits",
            {},
            {
                "measure": st.sampled_from(("sessions", "minutes")),
                "bound": bounds,
                "where": visit_filters,
                "window": window,
            },
        ),
        "total": _totals(window),
        "sequence": _sequences(window),
        "score": _rule("score", {"dimension": st.sampled_from(("r", "f", "m")), "bound": bounds}),
        "stage": _stages(stages),
        "moved": _moved(window, stages),
        "segment": _rule("segment", {"name": st.sampled_from(("seg-0", "seg-1", "no-such"))}),
        "list": _rule("list", {"name": st.sampled_from((*LISTS, "no-such"))}),
        "reachable": _rule("reachable", {"channel": st.sampled_from(("email", "sms"))}),
        "consent": _rule("consent", {"purpose": st.sampled_from(PURPOSES)}),
        "engagement": _engagement(window),
    }


def _attributes(base: datetime) -> Rules:
    names = ("country", "size", "birthday", "interests", "newsletter", "address.city", "nothing", "*")
    kept = st.sampled_from(
        (
            {"name": "email", "operator": "known"},
            {"name": "order_count", "type": "number", "operator": "at_least", "value": 1},
            {"name": "revenue", "type": "number", "operator": "between", "value": [5, 20]},
            {"name": "is_known", "type": "boolean", "operator": "is_true"},
            {"name": "last_order_at", "type": "date", "operator": "in_last_days", "value": 2},
            {"name": "first_seen_at", "type": "date", "operator": "before", "value": base.date().isoformat()},
            {"name": "timezone", "operator": "one_of", "value": ["Europe/Berlin", "UTC"]},
        )
    )
    return st.one_of(
        st.builds(
            lambda name, how: {"kind": "attribute", "name": name, **how},
            st.sampled_from(names),
            any_comparison,
        ).filter(lambda rule: rule["name"] != "country" or rule.get("type", "text") == "text"),
        st.builds(lambda how: {"kind": "attribute", "name": "birthday", **how}, days_comparisons),
        st.builds(lambda how: {"kind": "attribute", **how}, kept),
    )


def _bought(window: Rules) -> Rules:
    return st.one_of(
        _rule(
            "bought",
            {
                "of": st.sampled_from(("product", "category", "brand")),
                "operator": st.sampled_from(("equals", "contains", "starts_with")),
                "value": st.sampled_from(("p1", "coffee", "Hario", "p", ODD)),
            },
            {
                "measure": st.sampled_from(("orders", "quantity", "amount")),
                "bound": bounds,
                "window": window,
            },
        ),
        _rule(
            "bought",
            {"of": st.just("product"), "operator": st.just("one_of"), "value": st.just(["p1", ODD])},
            {"bound": bounds, "window": window},
        ),
    )


def _totals(window: Rules) -> Rules:
    of_events = _rule(
        "total",
        {
            "function": st.sampled_from(("sum", "average", "min", "max", "distinct")),
            "event": st.sampled_from(NAMES),
            "property": st.sampled_from(("price", "category", "total", "address.city")),
            "bound": bounds,
        },
        {"where": filters, "window": window},
    )
    of_lines = [
        _rule(
            "total",
            {
                "function": st.sampled_from(functions),
                "event": st.just("Order Completed"),
                "property": st.sampled_from([f"products.{column}" for column in columns]),
                "bound": bounds,
            },
            {"where": line_filters, "window": window},
        )
        for functions, columns in (
            (("sum", "average", "min", "max"), ("quantity", "price", "amount")),
            (("distinct",), ("product_id", "category", "price")),
        )
    ]
    return st.one_of(of_events, *of_lines)


def _sequences(window: Rules) -> Rules:
    return st.one_of(
        _rule(
            "sequence",
            {"first": step, "then": step, "days": st.sampled_from((1, 2, 3))},
            {"without": step, "times": bounds, "window": window},
        ),
        _rule("sequence", {"first": step, "then": step, "days": st.just(2)}, {"times": bounds}).map(
            lambda rule: {**rule, "without": {"event": rule["first"]["event"]}}
        ),
    )


def _stages(stages: tuple[str, ...]) -> Rules:
    some_stages = st.lists(st.sampled_from(stages), min_size=1, max_size=4)
    return st.one_of(
        _rule("stage", {"stages": some_stages}, {"entered_in_days": st.sampled_from((1, 2, 3))}),
        _rule(
            "stage",
            {"model": st.just("funnel"), "stages": some_funnel},
            {"entered_in_days": st.sampled_from((1, 2, 3))},
        ),
    )


def _moved(window: Rules, stages: tuple[str, ...]) -> Rules:
    some_stages = st.lists(st.sampled_from(stages), min_size=1, max_size=4)
    moved = _rule(
        "moved", {}, {"direction": st.sampled_from(("up", "down")), "times": bounds, "window": window}
    )
    return st.one_of(
        st.builds(lambda rule, to: {**rule, "model": "funnel", "to": to}, moved, some_funnel),
        st.builds(lambda rule, start: {**rule, "model": "funnel", "from": start}, moved, some_funnel),
        st.builds(lambda rule, to: {**rule, "to": to}, moved, some_stages),
        st.builds(lambda rule, way: {**rule, "direction": way}, moved, st.sampled_from(("up", "down"))),
    )


def _engagement(window: Rules) -> Rules:
    return st.one_of(
        _rule(
            "engagement",
            {"what": st.sampled_from(("sent", "opened", "clicked", "held_out", "skipped"))},
            {"campaign": st.sampled_from((*CAMPAIGNS, "no-such")), "times": bounds, "window": window},
        ),
        _rule(
            "engagement",
            {"what": st.just("bought"), "days": st.sampled_from((1, 2))},
            {"campaign": st.sampled_from(tuple(CAMPAIGNS)), "times": bounds, "window": window},
        ),
        _rule(
            "engagement",
            {"what": st.just("skipped"), "reason": st.sampled_from(("no_address", "capped"))},
            {"times": bounds},
        ),
    )
