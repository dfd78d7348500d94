"""`tenure key`, and the API through a running server: the same answers as the command line's."""

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tenure.cli.tests.conftest import Tenure

SEGMENTS = """
segments:
  - name: spenders
    title: Spenders
    rule: {kind: attribute, name: revenue, type: number, operator: at_least, value: 50}
  - name: loyal-spenders
    rule:
      all:
        - {kind: segment, name: spenders}
        - {kind: event, event: Order Complete}
"""


def test_keys_are_made_listed_and_revoked(tenure: Tenure) -> None:
    made = tenure("key", "create", "--name", "warehouse", "--role", "viewer", "--json").document
    assert (made["kind"], made["role"]) == ("api", "viewer")
    write = tenure("key", "create", "--name", "shop", "--json").document
    assert (write["kind"], write["key"][:3]) == ("write", "wk_")
    listed = tenure("key", "list", "--json")
    assert {(key["name"], key["kind"], key["role"]) for key in listed.document["keys"]} == {
        ("warehouse", "api", "viewer"),
        ("shop", "write", None),
    }
    assert made["key"] not in listed.out
    assert tenure("key", "revoke", "ak_", "--json").document["error"]["code"] == "no_such_key"
    assert tenure("key", "revoke", made["key"][:15], "--json").document["name"] == "warehouse"
    assert tenure("key", "revoke", write["key"], "--json").document["name"] == "shop"
    assert tenure("key", "list").out.count("revoked") == 2
    assert tenure("key", "create", "--role", "root", "--json").code == 2


def test_the_api_answers_what_the_command_line_prints(
    tenure: Tenure, server: dict[str, Any], order_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "segments.yaml").write_text(SEGMENTS)
    columns = ("customer_id=who", "order_id=number", "ordered_at=day", "amount=sum")
    assert tenure("import", "orders", str(order_file), "--map", *columns, "--json").code == 0
    assert tenure("segment", "apply", "segments.yaml", "--json").code == 0
    assert tenure("list", "freeze", "spenders", "kept", "--json").code == 0
    key = tenure("key", "create", "--role", "viewer", "--json").document["key"]
    same = {
        "/segments": ("segment", "list"),
        "/segments/loyal-spenders": ("segment", "show", "loyal-spenders"),
        "/segments/loyal-spenders/count": ("segment", "count", "loyal-spenders"),
        "/segments/spenders/members": ("segment", "members", "spenders"),
        "/segments/spenders/explain?customer_id=bob": ("segment", "explain", "spenders", "--customer", "bob"),
        "/segments/spenders/sql?engine=spark": ("segment", "sql", "spenders", "--engine", "spark"),
        "/segments/nobody": ("segment", "show", "nobody"),
        "/lists": ("list", "show"),
        "/lists/kept/members": ("list", "members", "kept"),
        "/lists/nobody/members": ("list", "members", "nobody"),
    }
    for path, words in same.items():
        answered = _get(server["address"], path, key)
        assert answered.pop("next_cursor", None) is None
        printed = tenure(*words, "--json").document
        assert _without_now(answered) == _without_now(printed), path


def _get(address: str, path: str, key: str) -> dict[str, Any]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"})
        document: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return document


def _without_now(document: dict[str, Any]) -> dict[str, Any]:
    """Without the moments of asking."""
    return {
        name: value for name, value in document.items() if name not in ("as_of", "looked_until_at", "sql")
    }
