"""Dates that can be read day first or month first: asked for, chosen, and never turned afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenure.base.errors import TenureError
from tenure.events.imports import api
from tenure.events.imports.tests.conftest import Store

Write = Callable[..., Path]
UNCLEAR = "order_id,customer_id,date,amount\n1,a,01/10/2026,5\n2,b,05/10/2026,7\n"
WITHOUT_IDS = "customer_id,date,amount\na,01/10/2026,5\nb,05/10/2026,7\n"
MAPPING = {"ordered_at": "date"}


def get_days(store: Store) -> list[str]:
    return sorted(f"{event['occurred_at']:%Y-%m-%d}" for event in store.named("Order Completed"))


@pytest.mark.parametrize("body", [UNCLEAR, WITHOUT_IDS])
def test_nothing_is_imported_before_the_format_is_given(store: Store, write: Write, body: str) -> None:
    path = write(body)
    with pytest.raises(TenureError, match=r"01/10/2026: 1 October or 10 January\?") as error:
        store.run("orders", path)
    assert (error.value.code, store.events) == ("dates_unclear", {})
    assert "DMY" in store.run("orders", path, dry_run=True).warnings[0]
    assert store.run("orders", path, date_format="DMY").warnings == ()
    assert get_days(store) == ["2026-10-01", "2026-10-05"]


@pytest.mark.parametrize("body", [UNCLEAR, WITHOUT_IDS])
def test_the_other_reading_of_an_imported_file_is_refused(store: Store, write: Write, body: str) -> None:
    path = write(body)
    store.run("orders", path, date_format="MDY")
    with pytest.raises(TenureError, match="nothing was imported") as error:
        store.run("orders", path, date_format="DMY")
    assert error.value.code == "dates_differ"
    assert get_days(store) == ["2026-01-10", "2026-05-10"]
    assert store.run("orders", path, date_format="MDY").events_written == 0


def test_a_longer_file_that_settles_the_dates_otherwise_is_refused(store: Store, write: Write) -> None:
    store.run("orders", write(UNCLEAR), date_format="MDY")
    with pytest.raises(TenureError, match="2 orders are known") as error:
        store.run("orders", write(UNCLEAR + "3,a,25/10/2026,5\n", "longer.csv"))
    assert error.value.code == "dates_differ"


def test_dates_that_read_the_same_both_ways_need_no_answer(store: Store, write: Write) -> None:
    result = store.run("orders", write("customer_id,date,amount\na,05/05/2026,5\n"))
    assert (result.orders, result.warnings) == (1, ())


def test_a_given_order_of_day_and_month_leaves_other_dates_alone(store: Store, write: Write) -> None:
    store.run("orders", write(UNCLEAR + "3,a,2026-10-07,1\n"), date_format="DMY")
    assert get_days(store) == ["2026-10-01", "2026-10-05", "2026-10-07"]


def test_a_page_preselects_what_the_file_says(write: Write) -> None:
    forms = {"2026-10-01": "YMD", "25/10/2026": "DMY", "10/25/2026": "MDY", "1790812800": "EPOCH"}
    for cell, expected in forms.items():
        path = write(f"customer_id,date,amount\na,{cell},5\n")
        shape = api.sniff(path)
        guess = api.guess_dates("orders", path, shape, MAPPING)
        assert (guess.date_format, guess.question) == (expected, None)
        assert api.read_date_choice("orders", path, shape, MAPPING, {"date_format": expected}) is None


def test_a_page_asks_where_the_file_does_not_say(write: Write) -> None:
    path = write(UNCLEAR)
    shape = api.sniff(path)
    guess = api.guess_dates("orders", path, shape, MAPPING)
    assert (guess.date_format, guess.question) == ("MDY", "01/10/2026: 1 October or 10 January?")
    chosen = {"date_format": "DMY", "dates_of": "date"}
    assert api.read_date_choice("orders", path, shape, MAPPING, chosen) == "DMY"
    for unanswered in ({}, {"date_format": "YMD", "dates_of": "another column"}):
        with pytest.raises(TenureError, match="1 October"):
            api.read_date_choice("orders", path, shape, MAPPING, unanswered)


def test_an_analysis_counts_what_an_import_counts(store: Store, write: Write) -> None:
    path = write(
        "order,customer,date,amount\n1,a,2026-01-01,5\n1,a,2026-01-02,-5\n2,,2026-01-02,7\nC3,b,2026-01-03,-2\n"
        "4,b,never,1\n5,b,2026-01-04,much\n6,b,,1\n7,b,never,1\n"
    )
    imported = store.run("orders", path)
    read = api.read_order_file(path)
    assert (read.orders_count, read.refunds_count) == (imported.orders, imported.refunds) == (2, 2)
    assert read.left_out_count == imported.rows_rejected == 4
    assert read.orders_without_customer_count == imported.orders_without_customer == 1
    assert [(one.reason, one.lines) for one in read.left_out] == [
        ("unreadable_date", (6, 9)), ("missing_date", (8,)), ("unreadable_amount", (7,)),
    ]  # fmt: skip


def test_online_retail_is_analysed_as_it_is_imported(shared_data: Path) -> None:
    read = api.read_order_file(shared_data / "online_retail.csv.gz")
    assert (read.orders_count, read.refunds_count, read.left_out_count) == (20_726, 5_174, 0)
