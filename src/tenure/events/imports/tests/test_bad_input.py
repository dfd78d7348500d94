"""What cannot go in is told by line and reason, and the rest goes in."""

import gzip
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tenure.base.errors import TenureError, UnavailableError
from tenure.events.imports import running
from tenure.events.imports.tests.conftest import Store, read_rejected

Write = Callable[..., Path]
HEADER = "order_id,customer_id,date,quantity,price,product\n"
GOOD = "o1,alice,2024-01-01,1,2.50,Mug\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("o2,bob,,1,2,Mug", "missing_date"),
        ("o2,bob,soon,1,2,Mug", "unreadable_date"),
        ("o2,bob,2024-02-30,1,2,Mug", "unreadable_date"),
        ("o2,bob,1024-01-01,1,2,Mug", "impossible_date"),
        ("o2,bob,2924-01-01,1,2,Mug", "future_date"),
        ("o2,bob,infinity,1,2,Mug", "unreadable_date"),
        ("o2,bob,2024-01-01,1,NaN,Mug", "unreadable_amount"),
        ("o2,bob,2024-01-01,1,inf,Mug", "unreadable_amount"),
        ("o2,bob,2024-01-01,1,-Infinity,Mug", "unreadable_amount"),
        ("o2,bob,2024-01-01,1,cheap,Mug", "unreadable_amount"),
        ("o2,bob,2024-01-01,1,1e300,Mug", "unreadable_amount"),
        ("o2,bob,2024-01-01,many,2,Mug", "unreadable_quantity"),
        ("o2,bob,2024-01-01,,2,Mug", "missing_amount"),
        ("o2,bob,2024-01-01,1,,Mug", "missing_amount"),
        (",,2024-01-01,1,2,Mug", "missing_customer"),
        ("o2,bob,2024-01-01", "too_few_columns"),
        ("o2,bob,2024-01-01,1,2,Mug,and more", "too_many_columns"),
        ('o2,"bob,2024-01-01,1,2,Mug', "unclosed_quote"),
    ],
)
def test_a_bad_line_is_rejected_with_its_reason(store: Store, write: Write, line: str, reason: str) -> None:
    result = store.run("orders", write(HEADER + GOOD + line + "\n" + GOOD.replace("o1", "o3")))
    assert read_rejected(result) == [(3, reason)]
    assert result.rejected_reasons == {reason: 1}
    assert (result.rows_read, result.rows_rejected, result.orders) == (3, 1, 2)


def test_the_rejected_rows_file_holds_the_original_columns(store: Store, write: Write) -> None:
    result = store.run("orders", write(HEADER + 'o2,bob,soon,1,2,"Mug, ""large"""\n' + GOOD, "my orders.csv"))
    assert result.rejected_file is not None
    assert result.rejected_file.parent == store.folder
    lines = result.rejected_file.read_text().splitlines()
    assert lines[0] == "line,reason,explanation,order_id,customer_id,date,quantity,price,product"
    assert lines[1].startswith("2,unreadable_date,The date cannot be read.")
    assert lines[1].endswith('o2,bob,soon,1,2,"Mug, ""large"""')


def test_line_numbers_count_blank_lines_and_quoted_line_breaks(store: Store, write: Write) -> None:
    body = HEADER + GOOD + "\n" + 'o2,bob,2024-01-01,1,2,"Mug\nwith\nlines"\n' + "o3,bob,soon,1,2,Cup\n"
    result = store.run("orders", write(body))
    assert read_rejected(result) == [(7, "unreadable_date")]
    names = {event["properties"]["products"][0]["name"] for event in store.named("Order Completed")}
    assert names == {"Mug", "Mug\nwith\nlines"}


def test_a_blank_line_before_the_header_is_counted(store: Store, write: Write) -> None:
    result = store.run("orders", write("\n" + HEADER + GOOD + "o3,bob,soon,1,2,Cup\n"))
    assert read_rejected(result) == [(4, "unreadable_date")]
    assert result.orders == 1


def test_an_unclosed_quote_costs_one_line_only(store: Store, write: Write) -> None:
    lines = [f"o{number},alice,2024-01-01,1,2.50,Mug\n" for number in range(2000)]
    lines[1000] = 'o1000,alice,2024-01-01,1,2.50,"Mug\n'
    result = store.run("orders", write(HEADER + "".join(lines)))
    assert read_rejected(result) == [(1002, "unclosed_quote")]
    assert result.orders == 1999


def test_a_quote_inside_a_name_is_only_a_quote(store: Store, write: Write) -> None:
    result = store.run(
        "orders", write(HEADER + 'o1,alice,2024-01-01,1,2.50,5" nail\n' + GOOD.replace("o1", "o2"))
    )
    assert (result.rows_rejected, result.orders) == (0, 2)
    names = {event["properties"]["products"][0]["name"] for event in store.named("Order Completed")}
    assert names == {'5" nail', "Mug"}


def test_broken_bytes_in_a_name_are_replaced_and_in_an_id_rejected(store: Store, write: Write) -> None:
    body = (HEADER + GOOD + "o2,Zoë,2024-01-01,1,1,Café\n").encode()
    body += b"o3,bob,2024-01-01,1,1,Caf\xe9\n" + b"o4,J\xfcrgen,2024-01-01,1,1,Mug\n"
    result = store.run("orders", write(body + "o5,Žižek,2024-01-01,1,1,Šálek\n".encode()))
    assert read_rejected(result) == [(5, "broken_encoding")]
    assert result.orders == 4
    assert any("bytes are not text" in warning for warning in result.warnings)
    names = [event["properties"]["products"][0]["name"] for event in store.named("Order Completed")]
    assert "Caf\ufffd" in names
    assert "Šálek" in names
    assert result.rejected_file is not None
    assert "J\ufffdrgen" in result.rejected_file.read_text()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_other_encodings_go_in_whole(store: Store, write: Write, encoding: str) -> None:
    body = HEADER.replace("product", "Artikel") + "o1,Jürgen,2024-01-01,1,2.50,Größe\r\n".replace("\r", "")
    result = store.run("orders", write(body.encode(encoding)))
    assert (result.orders, result.rows_rejected) == (1, 0)
    event = store.named("Order Completed")[0]
    assert (event["user_id"], event["properties"]["products"][0]["name"]) == ("Jürgen", "Größe")


def test_old_mac_and_windows_line_ends_are_line_ends(store: Store, write: Write) -> None:
    for number, end in enumerate(("\r\n", "\r")):
        body = (HEADER + GOOD + "o9,bob,soon,1,2,Cup\n").replace("\n", end).replace("o1", f"o{number}")
        result = store.run("orders", write(body))
        assert (result.orders, read_rejected(result)) == (1, [(3, "unreadable_date")])


def test_a_cut_off_gzip_gives_what_could_be_read(store: Store, write: Write) -> None:
    body = HEADER + "".join(
        f"o{number},c{number % 97},2024-01-01,1,{number % 50}.25,Mug\n" for number in range(50_000)
    )
    packed = gzip.compress(body.encode(), mtime=0)
    result = store.run("orders", write(packed[: len(packed) // 2], "orders.csv.gz"))
    assert 10_000 < result.orders < 40_000
    assert result.ended_at_line == result.orders + 1
    assert f"ends after line {result.orders + 1:,}" in result.warnings[0]
    assert read_rejected(result) in ([], [(result.orders + 2, "cut_off")])


def test_a_file_that_ends_in_a_line_says_so(store: Store, write: Write) -> None:
    result = store.run("orders", write(HEADER + GOOD + "o2,bob,2024-0"))
    assert read_rejected(result) == [(3, "cut_off")]
    assert result.ended_at_line == 2
    assert result.warnings[0].startswith("The file is cut off: it ends after line 2.")


def test_a_file_without_a_last_line_end_is_whole(store: Store, write: Write) -> None:
    result = store.run("orders", write(HEADER + GOOD + GOOD.replace("o1", "o2").rstrip()))
    assert (result.orders, result.ended_at_line) == (2, None)


def test_missing_trailing_cells_that_nobody_needs_are_no_mistake(store: Store, write: Write) -> None:
    result = store.run(
        "orders", write("customer,date,amount,note\na,2024-01-01,5,hello\nb,2024-01-01,6\nc,2024-01-01,7,x\n")
    )
    assert (result.orders, result.rows_rejected) == (3, 0)


def test_a_repaired_file_leaves_no_old_rejects_behind(store: Store, write: Write) -> None:
    first = store.run("orders", write(HEADER + GOOD + "o2,bob,soon,1,2,Cup\n"))
    assert first.rejected_file is not None
    second = store.run("orders", write(HEADER + GOOD + "o2,bob,2024-01-01,1,2,Cup\n"))
    assert (second.rejected_file, second.rows_rejected, second.events_written) == (None, 0, 1)


def test_an_unknown_kind_names_those_there_are(store: Store, write: Write) -> None:
    with pytest.raises(TenureError, match="customers, orders, events"):
        store.run("invoices", write(HEADER + GOOD))


def test_a_full_disk_is_an_error_that_says_what_to_do(
    store: Store, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (OSError(28, "No space left on device"), duckdb.IOException("could not write")):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(running, "load_rows", fail)
        with pytest.raises(UnavailableError, match="Make room on the disk"):
            store.run("orders", write(HEADER + GOOD))
    assert [path for path in store.folder.iterdir() if path.is_dir()] == []
