"""A backup holds everything accepted before it, is whole or refused, and never touches what is there unasked."""

import base64
import json
import sqlite3
import tarfile
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tenure.base.errors import TenureError
from tenure.cli.backup_file import read_backup, write_backup
from tenure.cli.tests.conftest import Tenure


def test_a_backup_made_while_events_come_in_loses_none_and_doubles_none(
    server: dict[str, Any], tenure: Tenure, tmp_path: Path
) -> None:
    key = tenure("key", "create", "--json").document["key"]
    acknowledged: list[int] = []
    stopping = threading.Event()

    def send() -> None:
        while not stopping.is_set():
            post_batch(server["address"], key, len(acknowledged), 20)
            acknowledged.extend(range(20))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        while len(acknowledged) < 200:
            stopping.wait(0.02)
        before = len(acknowledged)
        made = tenure("backup", "b.tar.gz", "--json")
        after = len(acknowledged) + 20
    finally:
        stopping.set()
        sender.join()
    assert made.code == 0, made.out

    home = str(tmp_path / "restored")
    restored = tenure("restore", "b.tar.gz", "--json", TENURE_HOME=home)
    assert restored.code == 0, restored.out
    report = tenure("doctor", "--json", TENURE_HOME=home).document
    assert before <= report["events"] <= after
    assert report["inbox"] == 0
    assert tenure("customer", "u3", "--json", TENURE_HOME=home).document["customer_id"] == "u3"

    later = tenure("import", "events", str(write_event_file(tmp_path)), "--json", TENURE_HOME=home)
    assert later.document["events_written"] == 1, later.out
    assert tenure("doctor", "--json", TENURE_HOME=home).document["events"] == report["events"] + 1


def test_a_full_folder_is_only_put_aside_when_asked(tenure: Tenure, tmp_path: Path) -> None:
    assert tenure("key", "create", "--json").code == 0
    assert tenure("backup", "b.tar", "--json").code == 0
    refused = tenure("restore", "b.tar", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "data_folder_not_empty")
    forced = tenure("restore", "b.tar", "--force", "--json").document
    assert (Path(forced["put_aside"]) / "ledger.sqlite3").is_file()
    assert tenure("doctor", "--json").document["ok"] is True


def test_what_is_built_again_by_itself_is_left_out(tenure: Tenure, tmp_path: Path) -> None:
    assert tenure("key", "create", "--json").code == 0
    assert tenure("backup", "b.tar", "--json").code == 0
    with tarfile.open(tmp_path / "b.tar") as archive:
        names = archive.getnames()
    assert "lake.duckdb" in names
    assert not [name for name in names if "history" in name]


def test_a_cut_file_is_refused_and_nothing_changes(tenure: Tenure, tmp_path: Path) -> None:
    assert tenure("backup", "b.tar.gz", "--json").code == 0
    whole = (tmp_path / "b.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    home = tmp_path / "other"
    outcome = tenure("restore", "cut.tar.gz", "--json", TENURE_HOME=str(home))
    assert (outcome.code, outcome.document["error"]["code"]) == (1, "broken_backup")
    assert not (home / "ledger.sqlite3").exists()


def test_a_changed_part_is_found_by_its_checksum(tmp_path: Path) -> None:
    target = pack(tmp_path, "ledger.sqlite3", b"what was there")
    swapped = tmp_path / "swapped.tar"
    with tarfile.open(target) as before, tarfile.open(swapped, "w") as after:
        for member in before.getmembers():
            body = before.extractfile(member)
            assert body is not None
            if member.name == "ledger.sqlite3":
                (tmp_path / "evil").write_bytes(b"something else")
                after.add(tmp_path / "evil", member.name)
            else:
                after.addfile(member, body)
    with pytest.raises(TenureError, match="not what was backed up"):
        read_backup(swapped, make_folder(tmp_path / "out"))


@pytest.mark.parametrize("name", ["../outside", "/outside"])
def test_a_part_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    manifest = {"format": 1, "version": "0.1.0", "parts": {name: {"bytes": 1, "sha256": ""}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        archive.add(tmp_path / "manifest.json", "manifest.json")
        archive.add(tmp_path / "manifest.json", name)
    with pytest.raises(TenureError, match="not a whole Tenure backup"):
        read_backup(tmp_path / "evil.tar", make_folder(tmp_path / "out"))
    assert not (tmp_path / "outside").exists()


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    manifest = {"format": 99, "version": "9.0", "parts": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(tmp_path / "new.tar", "w") as archive:
        archive.add(tmp_path / "manifest.json", "manifest.json")
    with pytest.raises(TenureError, match="newer than this one"):
        read_backup(tmp_path / "new.tar", make_folder(tmp_path / "out"))


def pack(tmp_path: Path, name: str, body: bytes) -> Path:
    folder = make_folder(tmp_path / "in")
    (folder / name).write_bytes(body)
    write_backup(folder, tmp_path / "b.tar", {"version": "0.1.0"}, lambda share: None)
    return tmp_path / "b.tar"


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


def write_event_file(folder: Path) -> Path:
    path = folder / "events.csv"
    path.write_text("customer_id,event,timestamp\nu3,Order Seen,2026-01-05 10:00:00\n")
    return path


def post_batch(address: str, key: str, start: int, count: int) -> None:
    events = [
        {"type": "track", "event": "Seen", "userId": f"u{n % 50}", "messageId": f"m{n}"}
        for n in range(start, start + count)
    ]
    token = base64.b64encode(f"{key}:".encode()).decode()
    request = urllib.request.Request(
        address + "/v1/batch",
        json.dumps({"batch": events}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Basic {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def test_the_copies_are_sqlite_files(tenure: Tenure, tmp_path: Path) -> None:
    assert tenure("backup", "b.tar", "--json").code == 0
    manifest = read_backup(tmp_path / "b.tar", make_folder(tmp_path / "out"))
    assert {"lake.duckdb", "ledger.sqlite3", "inbox.sqlite3", "secret"} <= set(manifest["parts"])
    for name in ("ledger.sqlite3", "inbox.sqlite3"):
        connection = sqlite3.connect(tmp_path / "out" / name)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
