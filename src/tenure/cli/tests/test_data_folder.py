"""Commands on a data folder, with and without a server beside them."""

import csv
import json
import stat
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tenure.cli.tests.conftest import Tenure

MAP = ("--map", "customer_id=who", "order_id=number", "ordered_at=day", "amount=sum")
PASSWORD = "correct horse battery"


def test_import_rfm_and_customer_without_a_server(tenure: Tenure, order_file: Path, tmp_path: Path) -> None:
    check_the_loop(tenure, order_file, tmp_path)


def test_import_rfm_and_customer_beside_a_server(
    server: dict[str, Any], tenure: Tenure, order_file: Path, tmp_path: Path
) -> None:
    assert server["email"] == "admin@localhost" and server["password"]
    check_the_loop(tenure, order_file, tmp_path)
    again = tenure("serve", "--port", "1", "--json")
    assert again.code == 1
    assert again.document["error"]["code"] in {"data_folder_busy", "port_taken"}
    restored = tenure("restore", str(order_file), "--json")
    assert restored.code == 1
    assert restored.document["error"]["code"] == "data_folder_busy"


def check_the_loop(tenure: Tenure, order_file: Path, tmp_path: Path) -> None:
    """`order_file` from import to export. Relative paths are the caller's, whoever does the work."""
    rehearsed = tenure("import", "orders", order_file.name, *MAP, "--dry-run", "--json")
    assert (rehearsed.code, rehearsed.document["events_written"]) == (0, 0)
    first = tenure("import", "orders", order_file.name, *MAP, "--json")
    assert first.code == 0, first.out
    assert first.document["events_written"] == first.document["events_built"] > 0
    second = tenure("import", "orders", order_file.name, *MAP, "--json")
    assert second.document["events_written"] == 0

    scored = tenure("rfm", "--as-of", "2026-03-06", "--out", "out.csv", "--json").document
    assert scored["as_of"] == "2026-03-06" and scored["preset"] and scored["customers"] == 3
    assert sum(row["customers"] for row in scored["segments"]) == 3
    assert sum(row["revenue"] for row in scored["segments"]) == 165
    assert all({"segment", "phase", "customers", "revenue"} <= set(row) for row in scored["segments"])
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = {row["customer_id"]: row for row in csv.DictReader(file)}
    expected = [
        "customer_id",
        "days_since_last_order",
        "orders",
        "revenue",
        "r",
        "f",
        "m",
        "segment",
        "phase",
    ]
    assert list(rows["alice"]) == expected
    assert (rows["bob"]["orders"], float(rows["bob"]["revenue"])) == ("1", 30)

    assert tenure("refresh", "--as-of", "2026-03-06", "--json").code == 0
    alice = tenure("customer", "alice", "--events", "2", "--json").document
    assert alice["customer_id"] == "alice" and "alice" in json.dumps(alice["identifiers"])
    assert (alice["orders"], alice["revenue"], len(alice["events"])) == (3, 120, 2)
    assert set(alice["rfm"]) == {"r", "f", "m"} and alice["segment"] == rows["alice"]["segment"]
    assert set(alice["events"][0]) == {"message_id", "type", "event", "timestamp", "properties"}


def test_an_order_file_needs_no_data_folder_and_makes_none(
    tenure: Tenure, order_file: Path, tmp_path: Path
) -> None:
    columns = ("--customer", "who", "--date", "day", "--amount", "sum", "--order", "number")
    outcome = tenure("rfm", order_file.name, *columns, "--out", "out.csv", "--json")
    assert outcome.code == 0, outcome.out
    assert outcome.document["customers"] == 3
    assert (tmp_path / "out.csv").read_text().startswith("customer_id,")
    assert {path.name for path in tmp_path.iterdir()} == {"orders.csv", "out.csv"}
    unknown = tenure("rfm", order_file.name, *columns, "--preset", "no-such", "--json")
    assert unknown.document["error"]["code"] == "unknown_preset"


UNCLEAR = "Kunde;Gekauft am;Summe\nann;01/10/2026;5\nbob;05/10/2026;7\n"


def test_an_order_file_is_read_by_guessing_and_says_what_it_left_out(
    tenure: Tenure, order_file: Path, tmp_path: Path
) -> None:
    with order_file.open("a") as file:
        file.write("dora,D1,2026-02-31,9.00\n,E1,2026-02-02,9.00\n")
    columns = ("--customer", "who", "--map", "order_id=number", "ordered_at=day", "amount=sum")
    found = tenure("rfm", order_file.name, *columns, "--json").document
    figures = ("rows_read", "orders", "refunds", "orders_without_customer", "rows_left_out")
    assert [found[name] for name in figures] == [9, 7, 1, 1, 1]
    assert found["left_out"][0]["lines"] == [9] and found["left_out"][0]["reason"] == "unreadable_date"
    shown = tenure("rfm", order_file.name, *columns).out
    assert "From 7 orders and 1 refund in 9 rows." in shown
    assert "Left out: 1 row with a date that cannot be read (line 9)." in shown
    assert "1 order has no customer and is in no segment." in shown

    (tmp_path / "shop.csv").write_text(
        "InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID\n1,2,2026-01-05,3.50,a\n2,1,2026-01-09,4,b\n"
    )
    priced = tenure("rfm", "shop.csv", "--json").document
    assert sum(row["revenue"] for row in priced["segments"]) == 11
    named = tenure("rfm", "shop.csv", "--quantity", "2", "--price", "UnitPrice", "--json").document
    assert named["segments"] == priced["segments"]
    (tmp_path / "odd.csv").write_text("who,foo,bar\na,x,y\n")
    missing = tenure("rfm", "odd.csv", "--date", "foo", "--json")
    assert missing.code == 1
    assert "ordered_at from 'foo'" in missing.document["error"]["message"]


def test_unclear_dates_are_asked_for_before_anything_is_imported(tenure: Tenure, tmp_path: Path) -> None:
    (tmp_path / "unclear.csv").write_text(UNCLEAR)
    asked = tenure("import", "orders", "unclear.csv", "--json")
    assert (asked.code, asked.document["error"]["code"]) == (1, "dates_unclear")
    assert "01/10/2026: 1 October or 10 January?" in asked.document["error"]["message"]
    assert tenure("import", "orders", "unclear.csv", "--date-format", "dmy", "--json").code == 0
    ann = tenure("customer", "ann", "--json").document
    assert ann["first_order_at"].startswith("2026-10-01")
    turned = tenure("import", "orders", "unclear.csv", "--date-format", "MDY", "--json")
    assert (turned.code, turned.document["error"]["code"]) == (1, "dates_differ")
    assert tenure("customer", "ann", "--json").document["orders"] == 1
    noted = tenure("rfm", "unclear.csv", "--json").document
    assert (noted["as_of"], len(noted["warnings"])) == ("2026-05-10", 1)
    assert tenure("rfm", "unclear.csv", "--date-format", "DMY", "--json").document["as_of"] == "2026-10-05"


@pytest.mark.parametrize(
    "command", [("rfm",), ("customer", "x"), ("doctor",), ("campaign", "report", "x"), ("preset", "list")]
)
def test_a_command_that_looks_makes_no_data_folder(
    tenure: Tenure, environment: dict[str, str], command: tuple[str, ...]
) -> None:
    looked = tenure(*command, "--json")
    assert (looked.code, looked.document["error"]["code"]) == (1, "no_data")
    assert "TENURE_HOME" in looked.document["error"]["message"]
    assert not Path(environment["TENURE_HOME"]).exists()


def test_a_backup_is_not_written_over_another_file(tenure: Tenure, tmp_path: Path) -> None:
    assert tenure("key", "create").code == 0
    (tmp_path / "b.tar").write_text("precious")
    refused = tenure("backup", "b.tar", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (2, "file_exists")
    assert (tmp_path / "b.tar").read_text() == "precious"
    assert tenure("backup", "b.tar", "--force", "--json").code == 0


def test_keys_and_users(tenure: Tenure) -> None:
    key = tenure("key", "create", "--json").document["key"]
    assert len(key) > 20
    first = tenure("user", "create", "alice@example.com", "--password-stdin", "--json", stdin=PASSWORD + "\n")
    assert first.document["role"] == "admin"
    second = tenure("user", "create", "bob@example.com", "--password-stdin", "--json", stdin=PASSWORD + "\n")
    assert second.document["role"] == "marketer"
    again = tenure("user", "create", "bob@example.com", "--password-stdin", "--json", stdin=PASSWORD + "\n")
    assert again.code == 1 and again.document["error"]["field"] == "email"
    weak = tenure("user", "create", "charlie@example.com", "--password-stdin", "--json", stdin="short\n")
    assert weak.code == 1 and weak.document["error"]["field"] == "password"


def test_a_campaign_is_sent_once_and_reported(tenure: Tenure, tmp_path: Path) -> None:
    people = "\n".join(f"p{n},p{n}@example.com" for n in range(40))
    (tmp_path / "people.csv").write_text("id,email\n" + people + "\n")
    assert tenure("import", "customers", "people.csv", "--map", "customer_id=id", "--json").code == 0
    definition = (
        'name: Hello\nsegment: everyone\nsubject: "Hi"\nbody: "Good to see you."\ncontrol_share: 0.1\n'
    )
    (tmp_path / "hello.yaml").write_text(definition)
    sent = tenure("campaign", "send", "hello.yaml", "--json")
    assert sent.code == 0, sent.out
    report = sent.document
    assert report["sent"] == report["assigned"]["treatment"] > 0
    assert report["assigned"]["treatment"] + report["assigned"]["control"] == 40
    assert tenure("campaign", "send", "hello.yaml", "--json").document["sent"] == report["sent"]
    assert tenure("campaign", "report", "Hello", "--json").document["statement"]
    (tmp_path / "hello.yaml").write_text(definition.replace("Good", "Nice"))
    assert tenure("campaign", "send", "hello.yaml", "--json").document["error"]["code"] == "name_taken"
    (tmp_path / "new.yaml").write_text(definition.replace("Hello", "New"))
    unset = tenure("campaign", "send", "new.yaml", "--json", TENURE_SMTP_URL="")
    assert (unset.code, unset.document["error"]["code"]) == (1, "no_mail_server")


def test_doctor_says_what_to_do(tenure: Tenure, environment: dict[str, str]) -> None:
    assert tenure("key", "create").code == 0
    healthy = tenure("doctor", "--json")
    report = healthy.document
    assert healthy.code == 0 and report["ok"] is True
    assert {"events", "customers", "inbox", "outbox", "checks"} <= set(report)
    assert all(set(check) == {"name", "level", "ok", "message", "what_to_do"} for check in report["checks"])
    unsafe = tenure("doctor", "--json", TENURE_BASE_URL="http://crm.example.com", TENURE_SMTP_URL="")
    assert (unsafe.code, unsafe.document["ok"]) == (0, True)
    assert {check["name"] for check in unsafe.document["checks"] if check["level"] == "warning"} == {
        "mail server",
        "public address",
    }
    secret = Path(environment["TENURE_HOME"]) / "secret"
    secret.chmod(0o644)
    sick = tenure("doctor", "--json", TENURE_BASE_URL="http://crm.example.com")
    assert sick.code == 1 and sick.document["ok"] is False
    wrong = {check["name"]: check["what_to_do"] for check in sick.document["checks"] if not check["ok"]}
    assert set(wrong) == {"secret"}
    assert all(wrong.values())


def test_the_demo_has_one_name_unless_the_environment_gives_another() -> None:
    from tenure.cli.demo import SHOP
    from tenure.sandbox.catalogue import SHOP_NAME

    assert SHOP["TENURE_COMPANY"] == SHOP_NAME
    assert SHOP["TENURE_FROM_EMAIL"].startswith(f"{SHOP_NAME} <")


def test_a_demo_is_made_once_and_never_over_other_data(tenure: Tenure, environment: dict[str, str]) -> None:
    small = ("demo", "--customers", "1500", "--days", "120", "--no-serve", "--json")
    first = tenure(*small)
    assert first.code == 0, first.out
    assert tenure(*small).document == first.document
    assert stat.S_IMODE((Path(environment["TENURE_HOME"]) / "demo.json").stat().st_mode) == 0o600
    other = environment["TENURE_HOME"] + "-own"
    assert tenure("key", "create", TENURE_HOME=other).code == 0
    refused = tenure(*small, TENURE_HOME=other)
    assert (refused.code, refused.document["error"]["code"]) == (1, "not_a_demo_folder")


def test_a_server_takes_commands_only_with_the_token(server: dict[str, Any]) -> None:
    for headers in ({}, {"X-Tenure-Token": "wrong"}, {"X-Tenure-Token": "ä".encode().decode("latin-1")}):
        request = urllib.request.Request(
            server["address"] + "/_operations/doctor", b"{}", headers, method="POST"
        )
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            assert error.code == 403
            error.close()
        else:
            raise AssertionError("a command without the token was run")
