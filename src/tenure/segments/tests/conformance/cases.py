"""What happened to eight people, and for every kind of rule whom it takes, written down by hand.

The shop is in Berlin. It is noon (UTC) on Sunday 29 March 2026: its clocks went forward at one o'clock. Hours count from
noon of the day before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tenure.segments.tests.alphabets import ODD
from tenure.segments.tests.strategies import Call, Scene

BASE = datetime.fromisoformat("2026-03-28T12:00:00")
NOW = BASE + timedelta(hours=24)
ZONE = "Europe/Berlin"
NAMES = ("ann", "bob", "cid", "dora", "eva", "fay", "gus", "never")
EVERYBODY = " ".join(NAMES)
Data = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """`takes` are names with blanks between."""

    says: str
    rule: Data
    takes: str

    @property
    def members(self) -> set[str]:
        return set(self.takes.split())


def _track(event: str, hours: float, **properties: Any) -> tuple[Data, float]:
    return {"type": "track", "event": event, "properties": properties}, hours


def _identify(hours: float, **traits: Any) -> tuple[Data, float]:
    return {"type": "identify", "traits": traits}, hours


def _page(hours: float, path: str, **context: Any) -> tuple[Data, float]:
    return {"type": "page", "name": "Shop", "properties": {"path": path}, "context": context}, hours


def _order(hours: float, order_id: str, total: Any, *products: Data) -> tuple[Data, float]:
    return _track("Order Completed", hours, order_id=order_id, total=total, products=list(products))


BEANS = {"product_id": "b-1", "category": "coffee", "brand": ODD, "quantity": 2, "price": 7.25}
TEA = {"product_id": "t-1", "category": "tea", "quantity": 1, "price": 3.1}
HISTORIES: dict[str, list[tuple[Data, float]]] = {
    "ann": [
        _identify(
            -100, email="Ann@shop.example", phone="+431234", country="DE", timezone="Europe/Berlin", birthday="1996-02-29",
            size=2.5, interests=["coffee", 5], newsletter=True, address={"city": "Wien"}, seen="2026-03-29T01:30:00+02:00",
        ),
        _order(-90, "o-1", 17.6, BEANS, TEA),
        _order(10, "o-2", 14.5, BEANS),
        _track("Product Viewed", 0, category="coffee", price=10),
        _track("Product Viewed", 0.5, category="coffee", price=11),
        _track("consent", -80, category="newsletter", action="accept", valid_until="2026-03-01"),
        _track("consent", -70, category="newsletter", action="accept", valid_until="unlimited"),
        _track("Email Sent", -91, campaign_id=7),
        _track("Email Opened", -90.5, campaign_id=7, is_bot=False),
    ],
    "bob": [
        _identify(-100, country="AT", timezone="Pacific/Auckland", birthday="1960-03-30", size="junk", interests=["x,5,y"], newsletter="true"),
        _track("Product Viewed", 0, category="tea", price="2.5"),
        _track("Product Viewed", 1, category="tea", price="1_000"),
        _track("Product Added", 1, price=None),
        _track("Email Opened", 0, campaign_id=7, is_bot=True),
        _track("consent", -80, category="newsletter", action="accept", valid_until="2026-03-29T12:00:00Z"),
    ],
    "cid": [
        _page(-5, "/", campaign={"source": "newsletter", "medium": "email"}),
        _page(-4.75, "/shop"),
        _page(-4, "/", page={"referrer": "https://www.google.com/search"}),
    ],
    "dora": [
        _order(-50, "o-3", 10, TEA),
        _track("Order Refunded", -40, order_id="o-3", total=4),
        _order(-30, "o-4", 20, BEANS),
        _track("Order Cancelled", -20, order_id="o-4"),
        _order(30, "o-5", 99, BEANS),
    ],
    "eva": [
        _identify(-100, country=ODD, email="no address", interests="coffee", birthday="29.2.1996"),
        _track(ODD, -1, category=ODD, price=0),
        _track("Product Viewed", -1, category="100%_", price=-1),
        _track("Product Added", -1),
    ],
    "fay": [
        _identify(-100, country=None, timezone="Mars/Base", birthday="2026-03-29", size=3, email="fay@shop.example"),
        _track("Product Added", -2),
        _track("Product Viewed", -1),
        _track("Product Added", 0),
        _track("Unsubscribed", -3),
        _track("consent", -80, category="newsletter", action="reject"),
    ],
    "gus": [
        _track("Product Viewed", 0, category="coffee", price=5),
        _track("Product Viewed", 1, category="coffee", price=5),
        _track("Product Viewed", 2, category="tea", price=6),
        _track("Email Sent", -91, campaign_id=8),
    ],
    "never": [_identify(-1_000)],
}  # fmt: skip


def _views(**more: Any) -> Data:
    return {"kind": "event", "event": "Product Viewed", **more}


def _attribute(name: str, **more: Any) -> Data:
    return {"kind": "attribute", "name": name, **more}


def _total(function: str, bound: Data, **more: Any) -> Data:
    return {
        "kind": "total",
        "function": function,
        "event": "Product Viewed",
        "property": "price",
        "bound": bound,
        **more,
    }


CASES = (
    Case("a text", _attribute("country", operator="one_of", value=["DE", "AT"]), "ann bob"),
    Case("quotes and letters beyond ASCII", _attribute("country", value=ODD), "eva"),
    Case("nothing is not the same", _attribute("country", operator="not_equals", value="DE"), "bob cid dora eva fay gus never"),
    Case("null is unknown", _attribute("country", operator="unknown"), "cid dora fay gus never"),
    Case("a number", _attribute("size", type="number", operator="at_least", value="2.5"), "ann fay"),
    Case("junk is no number", _attribute("size", type="number", operator="unknown"), "bob cid dora eva gus never"),
    Case("yes", _attribute("newsletter", type="boolean", operator="is_true"), "ann bob"),
    Case("in a list", _attribute("interests", type="list", operator="contains", value="coffee"), "ann eva"),
    Case("a figure in a list", _attribute("interests", type="list", operator="contains", value="5"), "ann"),
    Case("a path", _attribute("address.city", value="Wien"), "ann"),
    Case("an offset", _attribute("seen", type="date", operator="on", value="2026-03-28"), "ann"),
    Case("before 1970", _attribute("birthday", type="date", operator="before", value="1970-01-01"), "bob"),
    Case("her own day: it is the 30th in Auckland", _attribute("birthday", type="date", operator="anniversary_in_days", value=0), "bob fay"),
    Case("a leap day", _attribute("birthday", type="date", operator="anniversary_in_days", value=336), "ann bob fay"),
    Case("and a day less", _attribute("birthday", type="date", operator="anniversary_in_days", value=335), "bob fay"),
    Case("the shop's day where hers is unknown", _attribute("birthday", type="date", operator="in_last_days", value=0), "fay"),
    Case("what Tenure keeps", _attribute("order_count", type="number", operator="at_least", value=1), "ann dora"),
    Case("a name that means everything elsewhere", _attribute("*", operator="known"), ""),
    Case("at least twice", _views(times={"at_least": 2}), "ann bob gus"),
    Case("never, for those too who did nothing", _views(times={"exactly": 0}), "cid dora never"),
    Case("the window is open at its start", _views(window={"hours": 24}, times={"exactly": 0}), "cid dora eva fay never"),
    Case("at most one in a day", _views(window={"days": 1}, times={"at_most": 1}), "ann bob cid dora eva fay never"),
    Case("a day of the shop", _views(window={"from": "2026-03-28", "to": "2026-03-28"}), "ann bob eva fay gus"),
    Case("an odd name and an odd value", {"kind": "event", "event": ODD, "where": [{"property": "category", "value": ODD}]}, "eva"),
    Case("no pattern", _views(where=[{"property": "category", "operator": "contains", "value": "%_"}]), "eva"),
    Case("nothing is another value", _views(where=[{"property": "category", "operator": "not_one_of", "value": ["coffee", "tea"]}]), "eva fay"),
    Case("the first time", _views(occurrence="first", window={"hours": 25}), "ann bob gus"),
    Case("the last time", _views(occurrence="last", window={"hours": 23}), "gus"),
    Case("what is to come does not count", {"kind": "event", "event": "Order Completed", "where": [{"property": "total", "type": "number", "operator": "more_than", "value": 50}]}, ""),
    Case("a product", {"kind": "bought", "of": "product", "value": "b-1"}, "ann"),
    Case("orders with it", {"kind": "bought", "of": "category", "operator": "starts_with", "value": "coff", "bound": {"exactly": 2}}, "ann"),
    Case("money for it", {"kind": "bought", "of": "category", "value": "tea", "measure": "amount", "bound": {"exactly": "3.1"}}, "ann dora"),
    Case("a brand in a window", {"kind": "bought", "of": "brand", "value": ODD, "measure": "quantity", "bound": {"exactly": 2}, "window": {"days": 2}}, "ann"),
    Case("the sum of nothing is 0", _total("sum", {"at_most": 0}), "cid dora eva fay never"),
    Case("an average that no division gives", _total("average", {"exactly": "5.3333"}), ""),
    Case("an average", _total("average", {"between": ["5.3333", "5.3334"]}), "gus"),
    Case("an average of whole numbers is no whole number", _total("average", {"exactly": "10.5"}), "ann"),
    Case("the largest of nothing meets nothing", _total("max", {"less_than": 100}), "ann bob eva gus"),
    Case("the smallest", _total("min", {"at_most": 0}), "eva"),
    Case("different values", _total("distinct", {"exactly": 2}), "ann bob gus"),
    Case("products of orders", {"kind": "total", "function": "distinct", "event": "Order Completed", "property": "products.category", "bound": {"at_least": 2}}, "ann"),
    Case("this, then that", {"kind": "sequence", "first": {"event": "Product Viewed"}, "then": {"event": "Product Added"}, "days": 1}, "bob eva fay"),
    Case("nothing in between", {"kind": "sequence", "first": {"event": "Product Added"}, "then": {"event": "Product Added"}, "without": {"event": "Product Viewed"}, "days": 1}, ""),
    Case("a stage", {"kind": "stage", "model": "funnel", "stages": ["paying", "trial"]}, "ann bob"),
    Case("since when", {"kind": "stage", "model": "funnel", "stages": ["paying", "trial"], "entered_in_days": 1}, "ann"),
    Case("a move up", {"kind": "moved", "model": "funnel", "direction": "up"}, "ann"),
    Case("a move out of", {"kind": "moved", "model": "funnel", "from": ["paying"], "window": {"days": 3}}, "bob"),
    Case("no score meets no bound", {"kind": "score", "dimension": "f", "bound": {"at_least": 0}}, "ann dora"),
    Case("a list", {"kind": "list", "name": "fair"}, "ann never"),
    Case("another segment", {"kind": "segment", "name": "seg-0"}, "ann bob"),
    Case("reachable by e-mail", {"kind": "reachable", "channel": "email"}, ""),
    Case("reachable by SMS", {"kind": "reachable", "channel": "sms"}, "ann"),
    Case("consent: valid to the second, the last one decides", {"kind": "consent", "purpose": "newsletter"}, "ann"),
    Case("opened, machines aside", {"kind": "engagement", "what": "opened", "campaign": "Spring"}, "ann"),
    Case("bought after a mail", {"kind": "engagement", "what": "bought", "days": 2}, "ann"),
    Case("held out", {"kind": "engagement", "what": "held_out", "campaign": "Autumn"}, "cid"),
    Case("skipped for a reason", {"kind": "engagement", "what": "skipped", "reason": "no_address"}, "dora"),
    Case("never sent anything", {"kind": "engagement", "what": "sent", "times": {"exactly": 0}}, "bob cid dora eva fay never"),
    Case("any", {"any": [_views(times={"at_least": 3}), _attribute("country", value="DE")]}, "ann gus"),
    Case("all and not", {"all": [_views(), {"not": _attribute("country", operator="known")}]}, "fay gus"),
)  # fmt: skip
LATER_CASES = {
    "visits": (
        Case("two visits", {"kind": "visits", "bound": {"at_least": 2}, "where": [{"property": "pages", "type": "number", "operator": "at_least", "value": 1}]}, "cid"),
        Case("minutes on the site", {"kind": "visits", "measure": "minutes", "bound": {"exactly": 15}}, "cid"),
        Case("from a mail", {"kind": "visits", "where": [{"property": "source", "value": "newsletter"}]}, "cid"),
    ),
    "company": (Case("no company", {"kind": "company", "trait": "plan", "operator": "unknown"}, EVERYBODY),),
}  # fmt: skip


def build_scene() -> Scene:
    """The histories, with the places, decisions and stages that do not come by events."""
    people = {name: number for number, name in enumerate(NAMES)}
    hours = timedelta(hours=1)
    return Scene(
        base=BASE,
        zone=ZONE,
        people=len(NAMES),
        calls=tuple(
            Call(fields, people[name], hour * hours, ("userId",), 0)
            for name, history in HISTORIES.items()
            for fields, hour in history
        ),
        merged=(),
        is_undone=False,
        places=(
            (people["ann"], "fair", -hours),
            (people["never"], "fair", 24 * hours),
            (people["bob"], "club", 0 * hours),
            (people["cid"], "fair", 25 * hours),
        ),
        decisions=(
            (people["cid"], 8, "held_out", None, 0 * hours),
            (people["dora"], 7, "skipped", "no_address", 0 * hours),
            (people["ann"], 7, "planned", None, -92 * hours),
        ),
        moves=(
            (people["ann"], "lead", -90 * hours),
            (people["ann"], "paying", hours),
            (people["bob"], "paying", -90 * hours),
            (people["bob"], "trial", -2 * hours),
            (people["cid"], "lead", 0 * hours),
        ),
        suppressed=frozenset({0}),
        rules=(),
        moments=(NOW,),
    )
