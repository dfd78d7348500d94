"""Files that leave something open: the pages ask before, and say after what was left out."""

from tenure.customers import api as customers
from tenure.web.tests.test_lifecycle_pages import read, read_chosen, upload, wait_for

UNCLEAR = "order_id,customer_id,ordered_at,amount\n1,anna,01/10/2026,12.50\n2,ben,05/10/2026,9\n"
ODD = "order_id,customer_id,ordered_at,amount\n1,anna,2026-02-01,12.50\n2,ben,2026-02-31,9\n3,,2026-02-05,7\n1,anna,2026-02-03,-2\n"


def choose(html: str) -> dict[str, str]:
    return {f"field-{name}": column for name, column in read_chosen(html).items() if name != "date_format"}


def test_an_import_asks_how_dates_are_written(services, marketer):
    columns = upload(marketer, "/import/", UNCLEAR, kind="orders")["Location"]
    html = read(marketer, columns)
    assert "01/10/2026: 1 October or 10 January?" in html
    chosen = choose(html)
    unanswered = marketer.post(columns, chosen)
    assert unanswered.status_code == 400
    assert b"Choose how its dates are written" in unanswered.content
    job = marketer.post(columns, {**chosen, "dates_of": "ordered_at", "date_format": "DMY"})["Location"]
    wait_for(marketer, job, "See the segments")
    assert f"{customers.get_customer_by_identifier('anna').first_order_at:%Y-%m-%d}" == "2026-10-01"


def test_an_analysis_says_what_it_left_out(services, marketer):
    columns = upload(marketer, "/lifecycle/file/", ODD)["Location"]
    job = marketer.post(columns, choose(read(marketer, columns)))["Location"]
    html = wait_for(marketer, job, "Download one row per customer")
    assert "1 of 4 rows left out" in html
    assert "a date that cannot be read" in html
    assert "1 order has no customer and is in no segment." in html


def test_reasons_are_given_in_words(services, marketer):
    columns = upload(marketer, "/import/", ODD, kind="orders")["Location"]
    html = wait_for(
        marketer, marketer.post(columns, choose(read(marketer, columns)))["Location"], "See the segments"
    )
    assert "A date that cannot be read" in html and "unreadable_date" not in html
    assert "2 orders, 1 refund" in html
    assert "1 row without a customer counts in the shop" in html
