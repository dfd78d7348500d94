"""The simulated shop: the same for the same seed, complete, ordered, valid."""

import io
import json
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tenure.base.errors import TenureError
from tenure.events.api import EVENT_BATCH
from tenure.sandbox.catalogue import CATALOGUE
from tenure.sandbox.names import COUNTRIES, fold_to_ascii
from tenure.sandbox.people import DROPOUT_A, DROPOUT_B, RATE_SCALE_DAYS, RATE_SHAPE
from tenure.sandbox.season import Season
from tenure.sandbox.shop import Shop, build_shop, continue_shop, fork_shop
from tenure.sandbox.tests.conftest import UNTIL


def _bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue()


def _query(sql: str, events: pa.Table) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.register("events", events)
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def events(shop: Shop) -> pa.Table:
    return shop.history.read()


def test_the_same_seed_gives_the_same_shop_byte_for_byte() -> None:
    first, second = (build_shop(500, 90, 3, UNTIL) for _ in range(2))
    assert _bytes(first.history.read()) == _bytes(second.history.read())
    later = [continue_shop(one, UNTIL + timedelta(days=5)).read() for one in (first, second)]
    assert _bytes(later[0]) == _bytes(later[1])
    assert _bytes(build_shop(500, 90, 4, UNTIL).history.read()) != _bytes(
        build_shop(500, 90, 3, UNTIL).history.read()
    )


def test_batches_have_the_schema_of_events_and_join_to_the_whole(shop: Shop, events: pa.Table) -> None:
    parts = list(shop.history.iterate_batches(7_000))
    assert {part.schema for part in parts} == {EVENT_BATCH}
    assert max(part.num_rows for part in parts) == 7_000
    assert _bytes(pa.concat_tables(parts)) == _bytes(events)


def test_events_come_by_time_and_none_is_in_the_future(events: pa.Table) -> None:
    occurred = events["occurred_at"].to_numpy()
    assert (np.diff(occurred) >= np.timedelta64(0)).all()
    until = np.datetime64(UNTIL.replace(tzinfo=None))
    assert occurred[-1] < until
    assert events["received_at"].to_numpy().max() <= until
    assert (events["received_at"].to_numpy() >= occurred).all()
    assert occurred[0] >= until - np.timedelta64(365, "D")


def test_every_text_is_a_json_object_and_every_message_has_its_own_id(events: pa.Table) -> None:
    bad = _query(
        "select count(*) from events where not json_valid(properties) or json_type(properties) <> 'OBJECT' "
        "or (context is not null and not json_valid(context))",
        events,
    )
    assert bad == [(0,)]
    assert pc.count_distinct(events["message_id"]).as_py() == events.num_rows
    assert _query("select count(*) from events where user_id is null and anonymous_id is null", events) == [
        (0,)
    ]


def test_an_order_adds_up_to_its_products(events: pa.Table) -> None:
    wrong = _query(
        """
        select count(*), count(*) filter (abs(total - lines) > 0.001) from (
            select (properties->>'$.total')::decimal(18, 2) as total,
                list_sum(list_transform(from_json(properties->'$.products', '[{"price": "DOUBLE", "quantity": "DOUBLE"}]'),
                    lambda line: line.price * line.quantity)) as lines
            from events where event = 'Order Completed')
        """,
        events,
    )
    assert wrong[0][0] > 5_000
    assert wrong[0][1] == 0


def test_some_orders_are_refunded_in_full_and_some_in_part(events: pa.Table) -> None:
    counts = _query(
        """
        with orders as (select properties->>'$.order_id' as id, (properties->>'$.total')::double as total, occurred_at as at
                        from events where event = 'Order Completed'),
            refunds as (select properties->>'$.order_id' as id, (properties->>'$.total')::double as total, occurred_at as at
                        from events where event = 'Order Refunded')
        select count(*) filter (refunds.total = orders.total), count(*) filter (refunds.total < orders.total),
            count(*) filter (refunds.total > orders.total or refunds.at <= orders.at), count(*) - count(orders.id)
        from refunds left join orders using (id)
        """,
        events,
    )[0]
    assert counts[0] > 100
    assert counts[1] > 50
    assert counts[2:] == (0, 0)


def test_anonymous_visitors_sign_up_and_keep_both_identifiers(shop: Shop, events: pa.Table) -> None:
    before = _query(
        """
        select count(distinct a.anonymous_id) from events as a join events as i
            on i.type = 'identify' and i.anonymous_id = a.anonymous_id and a.occurred_at < i.occurred_at
        where a.user_id is null
        """,
        events,
    )[0][0]
    known_only = _query(
        "select count(*) from events where type = 'identify' and anonymous_id is null", events
    )[0][0]
    assert before > 1_000
    assert known_only > 1_000


def test_every_kind_of_person_turns_up(shop: Shop, events: pa.Table) -> None:
    rows = _query(
        """
        with people as (select coalesce(max(user_id), min(anonymous_id)) as id, bool_or(type = 'identify') as is_known,
            count(*) filter (event = 'Order Completed') as orders from events
            group by coalesce(user_id, anonymous_id))
        select count(*) filter (not is_known and orders = 0), count(*) filter (is_known and orders = 0),
            count(*) filter (orders = 1), count(*) filter (orders > 3), count(*) filter (orders > 0 and not is_known)
        from people
        """,
        events,
    )[0]
    visitors, leads, once, often, buyers_without_address = rows
    assert visitors > 400
    assert leads > 300
    assert once > 600
    assert often > 600
    assert buyers_without_address == 0
    assert _query("select count(*) from events where event = 'Unsubscribed'", events)[0][0] > 50


def test_people_have_plausible_traits_and_reserved_addresses(events: pa.Table) -> None:
    rows = _query(
        """
        select properties->>'$.email', properties->>'$.address.country', properties->>'$.timezone',
            properties->>'$.locale', properties->>'$.phone' from events where type = 'identify'
        """,
        events,
    )
    emails = [row[0] for row in rows]
    assert len(set(emails)) == len(emails)
    assert all(str(email).isascii() and str(email).split("@")[1].startswith("example.") for email in emails)
    assert {row[1] for row in rows} == {country.code for country in COUNTRIES}
    assert {(row[1], row[2], row[3]) for row in rows} == {(c.code, c.timezone, c.locale) for c in COUNTRIES}
    assert 0.4 < sum(row[4] is not None for row in rows) / len(rows) < 0.6


def test_letters_with_accents_become_plain_ones_in_addresses() -> None:
    assert fold_to_ascii("Chloé Schäfer") == "chloeschafer"


def test_the_mean_number_of_orders_is_that_of_the_process(shop: Shop) -> None:
    people, season = shop.people, shop.season
    buyers = people.first_order_at < 365
    window = season.to_operational(365.0, people.offset) - season.to_operational(
        people.first_order_at, people.offset
    )
    expected = 1 + (1 - np.exp(-people.rate * people.dropout * window)) / people.dropout
    made = np.bincount(shop.history.orders.person, minlength=len(people))
    error = np.sqrt(made[buyers].var() / buyers.sum())
    assert abs(made[buyers].mean() - expected[buyers].mean()) < 4 * error
    assert abs(people.rate[buyers].mean() - RATE_SHAPE / RATE_SCALE_DAYS) < 4 * people.rate[
        buyers
    ].std() / np.sqrt(buyers.sum())
    assert people.rate[buyers].var() == pytest.approx(RATE_SHAPE / RATE_SCALE_DAYS**2, rel=0.25)
    assert abs(people.dropout[buyers].mean() - DROPOUT_A / (DROPOUT_A + DROPOUT_B)) < 4 * people.dropout[
        buyers
    ].std() / np.sqrt(buyers.sum())


def test_who_has_left_never_orders_again(shop: Shop) -> None:
    fork = fork_shop(shop)
    gone = np.flatnonzero((fork.people.orders_left == 0) & (fork.people.first_order_at < 365))
    assert gone.size > 500
    orders = continue_shop(fork, UNTIL + timedelta(days=30)).orders
    assert len(orders) > 500
    assert not np.isin(orders.person, gone).any()


def test_the_mean_order_is_that_of_the_person(shop: Shop) -> None:
    orders = shop.history.orders
    expected = shop.people.spend_mean[orders.person]
    difference = orders.cents / 100 - expected
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(len(orders))
    rich = expected > np.median(expected)
    assert abs(difference[rich].mean()) < 4 * difference[rich].std() / np.sqrt(rich.sum())
    assert CATALOGUE.popularity.sum() == pytest.approx(1)


def test_december_sells_more_than_february_and_evenings_more_than_nights() -> None:
    season = Season(datetime(2026, 1, 1, tzinfo=UTC), 365)
    december = season.to_operational(353.0, 0) - season.to_operational(333.0, 0)
    february = season.to_operational(52.0, 0) - season.to_operational(32.0, 0)
    assert december > 1.3 * february
    assert season.to_operational(365.0, 0) - season.to_operational(0.0, 0) == pytest.approx(365, rel=0.01)
    evening = season.to_operational(10 + 21 / 24, 0) - season.to_operational(10 + 20 / 24, 0)
    night = season.to_operational(10 + 4 / 24, 0) - season.to_operational(10 + 3 / 24, 0)
    assert evening > 10 * night
    days = np.array([0.0, 12.34, 300.5])
    assert season.from_operational(season.to_operational(days, 0.25), 0.25) == pytest.approx(days, abs=1e-6)


def test_a_continued_shop_goes_on_where_it_stopped(shop: Shop) -> None:
    fork = fork_shop(shop)
    until = UNTIL + timedelta(days=20)
    more = continue_shop(fork, until).read()
    occurred = more["occurred_at"].to_numpy()
    assert occurred[0] >= np.datetime64(UNTIL.replace(tzinfo=None))
    assert occurred[-1] < np.datetime64(until.replace(tzinfo=None))
    seen = pa.concat_arrays(
        [shop.history.read()["message_id"].combine_chunks(), more["message_id"].combine_chunks()]
    )
    assert pc.count_distinct(seen).as_py() == len(seen)
    numbers = _query(
        "select min((properties->>'$.order_id')::int) from events where event = 'Order Completed'", more
    )
    assert numbers == [(10_001 + len(shop.history.orders),)]
    assert _query("select count(*) from events where type = 'identify'", more)[0][0] > 100
    assert _query("select count(*) from events where event = 'Order Refunded'", more)[0][0] > 20


def test_two_futures_of_one_past_do_not_disturb_each_other(shop: Shop) -> None:
    left = shop.people.orders_left.copy()
    futures = [_bytes(continue_shop(fork_shop(shop), UNTIL + timedelta(days=10)).read()) for _ in range(2)]
    assert futures[0] == futures[1]
    assert (shop.people.orders_left == left).all()


def test_a_shop_ends_and_says_so(shop: Shop) -> None:
    with pytest.raises(TenureError, match="can be continued"):
        continue_shop(fork_shop(shop), UNTIL + timedelta(days=400))
    with pytest.raises(TenureError, match="at least one customer"):
        build_shop(0, 365, 1, UNTIL)


def test_products_have_brands_and_visits_come_from_many_places(events: pa.Table) -> None:
    rows = events.select(["type", "event", "properties", "context"]).to_pylist()
    orders = [json.loads(row["properties"]) for row in rows if row["event"] == "Order Completed"]
    assert all(line["brand"] and line["category"] for order in orders for line in order["products"])
    contexts = [json.loads(row["context"]) for row in rows if row["type"] == "page"]
    campaigns = {context.get("campaign", {}).get("source") for context in contexts}
    assert campaigns == {None, "newsletter", "search ads"}
    assert 0.2 < sum(not {"page", "campaign"} & set(context) for context in contexts) / len(contexts) < 0.5
