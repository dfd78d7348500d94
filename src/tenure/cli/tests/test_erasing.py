"""Exporting and erasing a customer with the command, on a data folder of its own."""

import json
from pathlib import Path

from tenure.cli.tests.conftest import Tenure

ADDRESS = "ann.erased@shop.example"


def fill(tenure: Tenure, tmp_path: Path) -> Path:
    people = tmp_path / "people.csv"
    people.write_text(
        "customer_id,email,name\n"
        f"customer-ann,{ADDRESS},Ann Example-Person\ncustomer-bea,bea@shop.example,Bea Other\n"
    )
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "customer_id,order_id,date,amount\ncustomer-ann,1,2026-01-03,40\ncustomer-bea,2,2026-02-03,50\n"
    )
    assert tenure("import", "customers", str(people), "--json").code == 0
    assert tenure("import", "orders", str(orders), "--json").code == 0
    return tmp_path / "home"


def test_an_erased_customer_is_in_no_file_any_more(tenure: Tenure, tmp_path: Path) -> None:
    home = fill(tenure, tmp_path)
    assert any(ADDRESS.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert tenure("customer", "erase", ADDRESS, "--json").code == 2
    erased = tenure("customer", "erase", ADDRESS, "--yes", "--json")
    assert erased.code == 0, erased.out
    receipt = erased.document
    assert receipt["left"] == []
    assert receipt["removed"]["lake: events"] >= 2
    assert ADDRESS not in erased.out
    for path in home.rglob("*"):
        if path.is_file():
            assert ADDRESS.encode() not in path.read_bytes(), path
            assert b"customer-ann" not in path.read_bytes(), path
    assert tenure("customer", "customer-ann", "--json").code == 1
    assert tenure("customer", "customer-bea", "--json").document["orders"] == 1
    assert tenure("doctor", "--json").code == 0


def test_an_export_is_one_document_with_everything(tenure: Tenure, tmp_path: Path) -> None:
    fill(tenure, tmp_path)
    printed = tenure("customer", "export", "customer-ann")
    document = json.loads(printed.out)
    assert document["traits"]["email"] == ADDRESS
    told = [event for event in document["events"] if event["source"] != "tenure"]
    assert len(told) == 2
    assert document["orders"][0]["order_id"] == "1"
    written = tenure("customer", "export", ADDRESS, "--out", "ann.json", "--json").document
    assert json.loads(Path(written["out"]).read_text())["identifiers"] == document["identifiers"]


def test_a_customer_whose_id_is_the_name_of_a_command_is_shown_too(tenure: Tenure, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("customer_id,order_id,date,amount\nexport,1,2026-01-03,40\nbea,2,2026-02-03,50\n")
    tenure("import", "orders", str(orders))
    assert tenure("customer", "show", "export", "--json").document["customer_id"] == "export"
    assert tenure("customer", "bea", "--json").document["customer_id"] == "bea"
