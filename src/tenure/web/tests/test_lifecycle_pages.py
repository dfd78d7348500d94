"""The lifecycle page, and the analysis of a file."""

import re
import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tenure.base import clock
from tenure.segments import api as segments

LINES = ["Invoice,Customer,Date,Total"] + [
    f"{n},c{n % 60},2026-0{1 + n % 9}-1{n % 9},{10 + n}.50" for n in range(300)
]


def read(client, path: str) -> str:
    return client.get(path).content.decode()


def upload(client, path: str, text: str, **fields: str):
    return client.post(path, {"file": SimpleUploadedFile("orders.csv", text.encode()), **fields})


def read_chosen(html: str) -> dict[str, str]:
    """The columns that the page chose by itself."""
    found = re.findall(r'name="field-(\w+)"((?:(?!</select>).)*)</select>', html, re.DOTALL)
    chosen = {name: re.search(r'<option value="([^"]+)" selected>', options) for name, options in found}
    return {name: match[1] for name, match in chosen.items() if match}


def wait_for(client, path: str, marker: str) -> str:
    for _ in range(200):
        html = read(client, path)
        if marker in html:
            return html
        time.sleep(0.05)
    raise AssertionError(f"{marker!r} did not appear: {html[-600:]}")


def test_map_bars_and_cards_tell_the_same_counts(shop, viewer):
    html = read(viewer, "/lifecycle/")
    result = segments.compute_rfm()
    assert f"{result.customers_count:,} in all" in html
    cells = [
        int(number.replace(",", ""))
        for number in re.findall(r'<td class="h\d"><a [^>]*r=\d[^>]*><b>([\d,]+)</b>', html)
    ]
    assert sum(cells) == sum(cell.customers_count for cell in result.heatmap)
    assert html.count('<li class="bar-row') == 11
    for row in result.segments:
        assert f"/customers/?segment={row.segment.replace(' ', '+')}" in html


def test_each_segment_shows_its_goal_rule_and_ideas(shop, viewer):
    html = read(viewer, "/lifecycle/")
    assert "Whatever it takes to get them back" in html
    assert "Store credit, free products or services" in html
    assert "Rule: a recency score of at most 2." in html


def test_the_past_can_be_looked_at_without_links_to_todays_lists(shop, viewer):
    day = clock.today() - timedelta(days=90)
    html = read(viewer, f"/lifecycle/?as_of={day}")
    assert segments.compute_rfm(as_of_on=day).customers_count < segments.compute_rfm().customers_count
    assert f"{segments.compute_rfm(as_of_on=day).customers_count:,} in all" in html
    assert "/customers/?segment=" not in html


def test_the_migration_adds_up_to_everybody_of_the_first_day(shop, viewer):
    first, last = clock.today() - timedelta(days=60), clock.today()
    html = read(viewer, f"/lifecycle/?from={first}&to={last}")
    moved, stayed = (int(text.replace(",", "")) for text in re.search(
        r"<b>([\d,]+)</b> customers changed segment between [^,]+, ([\d,]+) stayed", html).groups())  # fmt: skip
    assert moved + stayed == segments.compute_rfm(as_of_on=first).customers_count


def test_the_other_preset_is_shown_with_its_own_segments(shop, viewer):
    assert "About To Sleep" in read(viewer, "/lifecycle/?preset=industry")


@pytest.mark.parametrize(
    "query",
    ["preset=nope", "preset=/etc/passwd.yaml", "as_of=yesterday", "from=2026-13-01", "as_of=0001-01-01"],
)
def test_a_wrong_choice_is_explained(services, viewer, query):
    assert viewer.get(f"/lifecycle/?{query}").status_code == 400


def test_the_export_has_one_row_per_customer(shop, marketer):
    lines = b"".join(marketer.get("/lifecycle/customers.csv").streaming_content).decode().splitlines()
    assert lines[0] == ",".join(segments.ROW_COLUMNS)
    assert len(lines) - 1 == segments.compute_rfm().customers_count
    assert lines[1].startswith("c")


def test_a_file_is_analysed_and_nothing_of_it_is_kept(services, marketer, transactional_db):
    columns = upload(marketer, "/lifecycle/file/", "\n".join(LINES))["Location"]
    html = read(marketer, columns)
    chosen = read_chosen(html)
    assert (chosen["customer_id"], chosen["ordered_at"], chosen["amount"]) == ("Customer", "Date", "Total")
    job = marketer.post(columns, {f"field-{name}": column for name, column in chosen.items()})["Location"]
    result = wait_for(marketer, job, "Download one row per customer")
    assert "<b>60</b>" in result
    assert result.count('<li class="bar-row') == 11
    token = re.search(r"/lifecycle/file/([\w-]+)/segments.csv", result)[1]
    rows = (
        b"".join(marketer.get(f"/lifecycle/file/{token}/segments.csv").streaming_content)
        .decode()
        .splitlines()
    )
    assert len(rows) == 61
    assert "There is no customer yet" in read(marketer, "/")


def test_a_missing_column_is_asked_for(services, marketer):
    columns = upload(marketer, "/lifecycle/file/", "\n".join(LINES))["Location"]
    response = marketer.post(columns, {"field-customer_id": "Customer", "field-amount": "Total"})
    assert response.status_code == 400
    assert b"Choose the column that holds the date of the order." in response.content
    twice = marketer.post(
        columns, {"field-customer_id": "Customer", "field-amount": "Total", "field-ordered_at": "Total"}
    )
    assert b"is chosen twice" in twice.content


def test_what_is_no_table_or_gone_is_explained(services, marketer):
    assert b"Choose a file first" in marketer.post("/lifecycle/file/").content
    assert b"spreadsheet" in upload(marketer, "/lifecycle/file/", "PK\x03\x04").content
    assert marketer.get("/lifecycle/file/aaaaaaaaaaaaaaaaaaaaaaaa/").status_code == 404
    assert marketer.get("/lifecycle/file/..%2f..%2fsecret/").status_code == 404


def test_another_preset_says_that_its_segments_cannot_be_opened(shop, viewer):
    assert "cannot be opened under Customers" in read(viewer, "/lifecycle/?preset=industry")
    assert "cannot be opened under Customers" not in read(viewer, "/lifecycle/")


def test_a_day_before_everybody_is_not_an_empty_shop(shop, viewer):
    html = read(viewer, "/lifecycle/?as_of=2020-01-01")
    assert "Nobody on 1 Jan 2020" in html
    assert "Import a file" not in html


def test_days_of_a_score_are_whole(shop, viewer):
    said = re.findall(r"up to ([\d.,]+) days?", read(viewer, "/lifecycle/"))
    assert said and not any("." in text for text in said)


def test_the_first_day_that_can_be_asked_for_is_shown(services, viewer):
    assert viewer.get("/lifecycle/?as_of=1900-01-01").status_code == 200
