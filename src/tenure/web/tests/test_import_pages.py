"""Import on a page: from the dropped file to the result."""

import re
from pathlib import Path

import pytest

from tenure.base.models import AuditEntry
from tenure.config.environment import read_environment
from tenure.customers import api as customers
from tenure.web.tests.test_lifecycle_pages import read, read_chosen, upload, wait_for

ORDERS = "order_id,customer_id,ordered_at,amount\n1,anna,2026-02-01,12.50\n2,ben,2026-02-31,9\n3,anna,2026-02-05,7.50\n"


def start(client, text: str, kind: str = "orders") -> str:
    """Upload, take the guessed columns, give the job's address."""
    columns = upload(client, "/import/", text, kind=kind)["Location"]
    chosen = read_chosen(read(client, columns))
    return client.post(columns, {f"field-{name}": column for name, column in chosen.items()})["Location"]


def test_orders_are_imported_and_rejected_rows_can_be_downloaded(services, marketer):
    html = wait_for(marketer, start(marketer, ORDERS), "See the segments")
    assert customers.get_customer_by_identifier("anna").order_count == 2
    href = re.search(r'href="(/import/rejected/[^"]+)"', html)[1]
    assert b"2026-02-31" in b"".join(marketer.get(href).streaming_content)
    assert {"import.started", "import.finished"} <= set(AuditEntry.objects.values_list("verb", flat=True))
    assert "orders.csv" in read(marketer, "/import/")


def test_the_uploaded_file_is_gone_after_the_import(services, marketer):
    wait_for(marketer, start(marketer, ORDERS), "See the segments")
    assert [
        path for path in (read_environment().import_folder / "uploads").rglob("*") if path.is_file()
    ] == []


def test_the_same_file_again_changes_nothing(services, marketer):
    wait_for(marketer, start(marketer, ORDERS), "See the segments")
    again = wait_for(marketer, start(marketer, ORDERS), "See the segments")
    assert re.search(r"New <button.*?</span></div><div class=\"kpi-value\">0<", again)
    assert customers.get_customer_by_identifier("anna").order_count == 2


def test_customers_are_imported_too(services, marketer):
    start_at = start(marketer, "id,email,first name\nzoe,zoe@example.com,Zoe\n", "customers")
    wait_for(marketer, start_at, "See the segments")
    assert customers.get_customer_by_identifier("zoe").email == "zoe@example.com"


@pytest.mark.parametrize("name", ["../secret", "nothing-rejected.csv", "x.json"])
def test_only_lists_of_rejected_rows_are_handed_out(services, marketer, name):
    Path(read_environment().import_folder).mkdir(exist_ok=True)
    assert marketer.get(f"/import/rejected/{name}").status_code == 404


def test_a_job_of_another_kind_is_no_import(services, marketer):
    assert marketer.get("/import/jobs/999/").status_code == 404
