"""An analysis straight from an order file."""

import csv
from datetime import date
from pathlib import Path

import pytest

from tenure.base.errors import TenureError
from tenure.segments import api

TEXTBOOK = Path(__file__).parent.parent / "presets" / "examples" / "textbook-rf.yaml"


def test_the_published_groups_of_online_retail_are_met_exactly(shared_data: Path, tmp_path: Path) -> None:
    """Published on UCI Online Retail with quintiles of recency and of the rank of frequency: ten counts."""
    out = tmp_path / "rows.csv"
    found = api.compute_rfm_from_file(
        shared_data / "online_retail.csv.gz",
        customer="CustomerID",
        date="InvoiceDate",
        amount="Quantity*UnitPrice",
        order="InvoiceNo",
        preset=str(TEXTBOOK),
        as_of=date(2011, 12, 11),
        out=out,
    )
    assert {row.segment: row.customers_count for row in found.result.segments} == {
        "Champions": 633,
        "Loyal customers": 819,
        "Potential loyalists": 484,
        "New customers": 42,
        "Promising": 95,
        "Need attention": 187,
        "About to sleep": 352,
        "At risk": 593,
        "Can't lose": 63,
        "Hibernating": 1071,
    }
    assert found.result.customers_count == found.written_count == 4339
    with out.open(newline="") as file:
        days: dict[str, list[int]] = {}
        for row in csv.DictReader(file):
            days.setdefault(row["segment"], []).append(int(row["days_since_last_order"]) - 1)
    assert round(sum(days["Champions"]) / 633, 3) == 6.362
    assert round(sum(days["Hibernating"]) / 1071, 3) == 217.605


def test_a_file_without_header_is_read_by_position(shared_data: Path) -> None:
    """CDNOW, 1/10 sample: 2,357 customers, the last purchase on 1998-06-30."""
    found = api.compute_rfm_from_file(shared_data / "cdnow_sample.txt", customer="1", date="3", amount="5")
    assert found.result.as_of_on == date(1998, 6, 30)
    assert found.result.customers_count == 2357
    assert found.file.orders_count == 6696


def test_a_small_file_gives_segments_and_a_row_per_customer(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "who,day,paid\nann,2026-01-01,10\nann,2026-03-01,20\nbob,2026-03-01,5\ncy,2026-02-01,7\ncy,2026-02-03,-7\n"
    )
    out = tmp_path / "rows.csv"
    found = api.compute_rfm_from_file(orders, customer="who", date="day", amount="paid", out=out)
    document = found.result.as_dict()
    assert (document["as_of"], document["preset"], document["customers"]) == ("2026-03-01", "lifecycle", 3)
    assert {row["segment"]: row["customers"] for row in document["segments"] if row["customers"]} == {
        "Recent Customers": 1,
        "First-time Customers": 2,
    }
    lines = out.read_text().splitlines()
    assert lines[0] == "customer_id,days_since_last_order,orders,revenue,r,f,m,segment,phase"
    assert "ann,0,2,30.0000,5,2,4,Recent Customers,Retention" in lines
    assert "cy,28,1,0.0000,4,1,1,First-time Customers,Retention" in lines


def test_customers_without_an_order_have_no_scores(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("who,day,paid,number\nann,2026-01-01,10,1\nbob,2026-01-01,10,2\nbob,2026-01-02,-10,2\n")
    out = tmp_path / "rows.csv"
    api.compute_rfm_from_file(orders, customer="who", date="day", amount="paid", order="number", out=out)
    assert "bob,,0,0.0000,,,,Engaged Visitors,Acquisition" in out.read_text().splitlines()


def test_what_is_not_among_the_orders_is_told(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("who,day,paid,number\nann,2026-01-01,10,1\n,2026-01-01,10,2\nbob,2026-02-31,10,3\n")
    found = api.compute_rfm_from_file(orders, customer="who", date="day", amount="paid", order="number")
    document = found.as_dict()
    assert (document["orders"], document["orders_without_customer"], document["rows_left_out"]) == (2, 1, 1)
    assert document["left_out"] == [
        {"reason": "unreadable_date", "words": "a date that cannot be read", "rows": 1, "lines": [4]}
    ]


def test_a_file_with_nothing_to_read_says_so(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("who,day,paid\nann,soon,much\nbob,later,more\n")
    with pytest.raises(TenureError):
        api.compute_rfm_from_file(orders, customer="who", date="day", amount="paid")
