"""The simulated shop's happenings as event batches: the JSON is put together in DuckDB, rows are taken in Arrow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.events.api import EVENT_BATCH
from tenure.sandbox.catalogue import CATALOGUE, CATEGORIES, INFORMATION_PAGES, SHOP_URL
from tenure.sandbox.happenings import Happenings, Kind
from tenure.sandbox.mailing import Mailing
from tenure.sandbox.names import COUNTRIES, EMAIL_DOMAINS, fold_to_ascii
from tenure.sandbox.people import People
from tenure.sandbox.process import Orders, Refunds

SOURCE = "demo shop"
DAY_US = 86_400_000_000
EVENT_NAMES = {
    Kind.IDENTIFY: ("identify", None),
    Kind.PAGE: ("page", None),
    Kind.PRODUCT_VIEWED: ("track", "Product Viewed"),
    Kind.PRODUCT_ADDED: ("track", "Product Added"),
    Kind.CHECKOUT_STARTED: ("track", "Checkout Started"),
    Kind.ORDER_COMPLETED: ("track", "Order Completed"),
    Kind.ORDER_REFUNDED: ("track", "Order Refunded"),
    Kind.UNSUBSCRIBED: ("track", "Unsubscribed"),
    Kind.EMAIL_OPENED: ("track", "Email Opened"),
    Kind.EMAIL_CLICKED: ("track", "Email Link Clicked"),
    Kind.EMAIL_UNSUBSCRIBED: ("track", "Unsubscribed"),
}
WEB_KINDS = (Kind.IDENTIFY, Kind.PAGE, Kind.PRODUCT_VIEWED, Kind.PRODUCT_ADDED, Kind.CHECKOUT_STARTED)
VISIT_SOURCES = (
    "",
    "",
    ',"page":{"referrer":"https://www.search.example/"}',
    ',"page":{"referrer":"https://friends.example/feed"}',
    ',"campaign":{"source":"newsletter","medium":"email","name":"Coffee of the month"}',
    ',"campaign":{"source":"search ads","medium":"cpc","name":"Espresso machines"}',
)
"""What the context says of where a visit came from; one of them a person and day, the first is direct."""
CONTEXT_KINDS = (Kind.IDENTIFY, Kind.PAGE)
FIRST_ORDER_NUMBER = 10_001


@dataclass(frozen=True)
class Identities:
    """The identifiers of all people: `known` once they have signed up, `anonymous` in the browser."""

    known: pa.Array
    anonymous: pa.Array

    def get_external_ids(self, people: People) -> pa.Array:
        """The id that a product looking at the shop knows each person by."""
        return pc.if_else(pa.array(np.isfinite(people.signs_up_at)), self.known, self.anonymous)


@dataclass(frozen=True)
class Stretch:
    """What happened in [begins_at, ends_at), ready to be read as event batches."""

    begins_at: datetime
    ends_at: datetime
    shop_starts_at: datetime
    message_prefix: str
    first_message: int
    currency: str
    people: People
    identities: Identities
    happenings: Happenings
    signing_up: np.ndarray
    orders: Orders
    first_order: int
    refunds: Refunds
    mailings: tuple[Mailing, ...]

    @property
    def events_count(self) -> int:
        return len(self.happenings)

    def iterate_batches(self, rows: int = 200_000) -> Iterator[pa.Table]:
        """The events by time, as tables of the schema EVENT_BATCH with at most `rows` rows."""
        texts = _Texts(self)
        for begin in range(0, len(self.happenings), rows):
            yield self._build_batch(texts, begin, min(begin + rows, len(self.happenings)))

    def read(self) -> pa.Table:
        """All events in one table; for tests and small shops."""
        batches = list(self.iterate_batches())
        return pa.concat_tables(batches) if batches else EVENT_BATCH.empty_table()

    def _build_batch(self, texts: "_Texts", begin: int, end: int) -> pa.Table:
        chosen = slice(begin, end)
        at, kind = self.happenings.at[chosen], self.happenings.kind[chosen]
        person, row = self.happenings.person[chosen], self.happenings.row[chosen]
        numbers = self.first_message + np.arange(begin, end)
        occurred = _to_microseconds(self.shop_starts_at) + np.floor(at * DAY_US).astype(np.int64)
        received = occurred + (numbers * 7919) % 1_900_000
        received = np.minimum(received, _to_microseconds(self.ends_at))
        is_known = at >= self.people.signs_up_at[person]
        is_in_browser = self.people.is_tracked[person] & np.isin(kind, WEB_KINDS)
        is_page = kind == Kind.PAGE
        columns: dict[str, Any] = {
            "message_id": pc.binary_join_element_wise(
                self.message_prefix, pa.array(numbers).cast(pa.string()), ""
            ),
            "type": texts.types.take(pa.array(kind)),
            "event": texts.events.take(pa.array(np.where(is_page, len(Kind) + row, kind))),
            "user_id": _take(self.identities.known, person, is_known),
            "anonymous_id": _take(self.identities.anonymous, person, is_in_browser),
            "occurred_at": pa.array(occurred).cast(pa.timestamp("us")),
            "received_at": pa.array(received).cast(pa.timestamp("us")),
            "properties": texts.take_properties(kind, row),
            "context": _take(
                texts.contexts,
                self.people.country[person].astype(np.int64) * len(VISIT_SOURCES)
                + np.where(is_page, _choose_source(person, at), 0),
                np.isin(kind, CONTEXT_KINDS),
            ),
            "source": pa.repeat(SOURCE, end - begin),
        }
        empty = {field.name: pa.nulls(end - begin, field.type) for field in EVENT_BATCH}
        return pa.table({**empty, **columns}).select(EVENT_BATCH.names).cast(EVENT_BATCH)


class _Texts:
    """Every JSON text of a stretch once; events take theirs by kind and row."""

    def __init__(self, stretch: Stretch) -> None:
        pages = _list_pages()
        orders, checkouts = _build_orders(stretch)
        mails = _build_mails(stretch)
        texts: dict[Kind, pa.Array] = {
            Kind.IDENTIFY: _build_traits(stretch),
            Kind.PAGE: pa.array([_page_json(name, path) for name, path in pages]),
            Kind.PRODUCT_VIEWED: pa.array([line + "}" for line in _list_products()]),
            Kind.PRODUCT_ADDED: pa.array([line + ',"quantity":1}' for line in _list_products()]),
            Kind.CHECKOUT_STARTED: checkouts,
            Kind.ORDER_COMPLETED: orders,
            Kind.ORDER_REFUNDED: _build_refunds(stretch),
            Kind.UNSUBSCRIBED: pa.array(['{"channel":"email","reason":"newsletter"}']),
            Kind.EMAIL_OPENED: mails[0],
            Kind.EMAIL_CLICKED: mails[1],
            Kind.EMAIL_UNSUBSCRIBED: mails[0],
        }
        self.types = pa.array([EVENT_NAMES[kind][0] for kind in Kind])
        self.events = pa.array([EVENT_NAMES[kind][1] for kind in Kind] + [name for name, _ in pages])
        self.contexts = pa.array(
            [
                f'{{"locale":"{c.locale}","timezone":"{c.timezone}"{source}}}'
                for c in COUNTRIES
                for source in VISIT_SOURCES
            ]
        )
        parts = [texts[kind].cast(pa.large_string()) for kind in Kind]
        self._begins = np.cumsum([0] + [len(part) for part in parts])[: len(Kind)]
        self._pool = pa.concat_arrays(parts)

    def take_properties(self, kind: np.ndarray, row: np.ndarray) -> pa.Array:
        return self._pool.take(pa.array(self._begins[kind] + row)).cast(pa.string())


def build_identities(seed: int, count: int) -> Identities:
    """Identifiers for `count` people; the same for the same seed."""
    table = _query(
        f"select printf('C%06d', n + 1) as known, md5('{seed}:' || n) as h from range({count}) as people(n)"
    )
    parts = [
        pc.utf8_slice_codeunits(table["h"], a, b) for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    ]
    anonymous = pc.binary_join_element_wise(*parts, "-")
    return Identities(table["known"].combine_chunks(), anonymous.combine_chunks())


def _list_pages() -> list[tuple[str, str]]:
    return [*INFORMATION_PAGES, *((c.name, f"/shop/{c.slug}") for c in CATEGORIES)]


def _page_json(name: str, path: str) -> str:
    return f'{{"name":"{name}","title":"{name}","path":"{path}","url":"{SHOP_URL}{path}"}}'


def _choose_source(person: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Which of the sources brought each person on each day. Drawn from no stream of numbers."""
    mixed = (person.astype(np.int64) * 2_654_435_761 + np.floor(at).astype(np.int64) * 40_503) >> 7
    return mixed % len(VISIT_SOURCES)


def _list_products() -> list[str]:
    """Each product's JSON without its closing brace."""
    rows = zip(CATALOGUE.names, CATALOGUE.category_of, CATALOGUE.prices_in_cents, strict=True)
    return [
        f'{{"product_id":"P{number:03d}","name":"{name}","category":"{CATEGORIES[category].name}",'
        f'"brand":"{CATEGORIES[category].brands[number % 2]}",'
        f'"price":{cents / 100:.2f}'
        for number, (name, category, cents) in enumerate(rows, start=1)
    ]


def _build_orders(stretch: Stretch) -> tuple[pa.Array, pa.Array]:
    """The JSON of each order, and of the start of its checkout."""
    orders = stretch.orders
    if not len(orders):
        return pa.array([], pa.string()), pa.array([], pa.string())
    products = pa.array(_list_products())
    columns: dict[str, Any] = {
        "number": FIRST_ORDER_NUMBER + stretch.first_order + np.arange(len(orders)),
        "cents": orders.cents,
    }
    width = orders.lines.shape[1]
    for line in range(width):
        columns[f"line_{line}"] = _take(products, orders.lines[:, line], orders.lines[:, line] >= 0)
        columns[f"units_{line}"] = orders.units[:, line]
    lines = ", ".join(f"line_{n} || ',\"quantity\":' || units_{n} || '}}'" for n in range(width))
    table = _query(
        f"""
        select '{{"order_id":"' || number || '","total":' || {_amount("cents")}
            || ',"currency":"{stretch.currency}","products":[' || concat_ws(',', {lines}) || ']}}' as completed,
            '{{"checkout_id":"' || number || '","value":' || {_amount("cents")}
            || ',"currency":"{stretch.currency}"}}' as started
        from source
        """,
        pa.table(columns),
    )
    return table["completed"].combine_chunks(), table["started"].combine_chunks()


def _build_refunds(stretch: Stretch) -> pa.Array:
    refunds = stretch.refunds
    columns = {"number": FIRST_ORDER_NUMBER + refunds.number, "cents": refunds.cents}
    text = f"""'{{"order_id":"' || number || '","total":' || {_amount("cents")} || ',"currency":"{stretch.currency}"}}'"""
    return _query(f"select {text} as json from source", pa.table(columns))["json"].combine_chunks()


def _build_traits(stretch: Stretch) -> pa.Array:
    """The traits of those who sign up in the stretch."""
    people, who = stretch.people, stretch.signing_up
    country = people.country[who]
    moments = _to_microseconds(stretch.shop_starts_at) + np.floor(people.signs_up_at[who] * DAY_US).astype(
        np.int64
    )
    columns = {
        "n": who + 1,
        "first_name": _take_by_country([c.first_names for c in COUNTRIES], country, people.first_name[who]),
        "last_name": _take_by_country([c.last_names for c in COUNTRIES], country, people.last_name[who]),
        "city": _take_by_country([c.cities for c in COUNTRIES], country, people.city[who]),
        "first_plain": _take_by_country(
            [tuple(map(fold_to_ascii, c.first_names)) for c in COUNTRIES], country, people.first_name[who]
        ),
        "last_plain": _take_by_country(
            [tuple(map(fold_to_ascii, c.last_names)) for c in COUNTRIES], country, people.last_name[who]
        ),
        "domain": pa.array(EMAIL_DOMAINS).take(pa.array(who % len(EMAIL_DOMAINS))),
        "country": pa.array([c.code for c in COUNTRIES]).take(pa.array(country)),
        "locale": pa.array([c.locale for c in COUNTRIES]).take(pa.array(country)),
        "timezone": pa.array([c.timezone for c in COUNTRIES]).take(pa.array(country)),
        "calling_code": pa.array([c.calling_code for c in COUNTRIES]).take(pa.array(country)),
        "created_at": pa.array(moments).cast(pa.timestamp("us")),
    }
    sql = """
        select '{"email":"' || first_plain || '.' || last_plain || n || '@' || domain
            || '","firstName":"' || first_name || '","lastName":"' || last_name
            || case when n % 2 = 0 then '","phone":"' || calling_code || printf('555%07d', n) else '' end
            || '","address":{"city":"' || city || '","country":"' || country
            || '"},"timezone":"' || timezone || '","locale":"' || locale
            || '","createdAt":"' || strftime(created_at, '%Y-%m-%dT%H:%M:%SZ') || '"}' as json
        from source
    """
    return _query(sql, pa.table(columns))["json"].combine_chunks()


def _build_mails(stretch: Stretch) -> tuple[pa.Array, pa.Array]:
    """Properties of opens (and unsubscribes), and of clicks: one per mail, one mailing after the other."""
    opened, clicked = [pa.array([], pa.string())], [pa.array([], pa.string())]
    for mailing in stretch.mailings:
        begin, link = mailing.build_json_sql()
        table = _query(
            f"select {begin} || '}}' as opened, {begin} || {link} || '}}' as clicked from source",
            mailing.sent,
        )
        opened.append(table["opened"].combine_chunks())
        clicked.append(table["clicked"].combine_chunks())
    return pa.concat_arrays(opened), pa.concat_arrays(clicked)


def _query(sql: str, source: pa.Table | None = None) -> pa.Table:
    with duckdb.connect(config={"threads": 2}) as connection:
        if source is not None:
            connection.register("source", source)
        return connection.execute(sql).to_arrow_table()


def _amount(cents: str) -> str:
    return f"printf('%d.%02d', {cents} // 100, {cents} % 100)"


def _take(values: pa.Array, places: np.ndarray, is_wanted: np.ndarray) -> pa.Array:
    """`values` at `places`, null where not wanted."""
    return values.take(pa.array(np.where(is_wanted, places, 0), mask=~is_wanted))


def _take_by_country(lists: list[tuple[str, ...]], country: np.ndarray, place: np.ndarray) -> pa.Array:
    begins = np.cumsum([0] + [len(names) for names in lists])
    flat = pa.array([name for names in lists for name in names])
    return flat.take(pa.array(begins[country] + place))


def _to_microseconds(moment: datetime) -> int:
    return int(np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
