"""Commands on a data folder, with and without a server beside them."""

import csv
import json
import stat
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

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
    healthy = tenure("doctor", "--json")
    report = healthy.document
    assert healthy.code == 0 and report["ok"] is True
    assert {"events", "customers", "inbox", "outbox", "checks"} <= set(report)
    assert all(set(check) == {"name", "ok", "message", "what_to_do"} for check in report["checks"])
    secret = Path(environment["TENURE_HOME"]) / "secret"
    secret.chmod(0o644)
    sick = tenure("doctor", "--json", TENURE_BASE_URL="http://crm.example.com")
    assert sick.code == 1 and sick.document["ok"] is False
    wrong = {check["name"]: check["what_to_do"] for check in sick.document["checks"] if not check["ok"]}
    assert set(wrong) == {"secret", "public address"}
    assert all(wrong.values())


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
