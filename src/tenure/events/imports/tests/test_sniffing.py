"""How files are written, and which column is what."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.base.errors import NotFoundError, TenureError
from tenure.events.imports.api import guess_mapping, parse_mapping, resolve_mapping, sniff
from tenure.events.imports.sniffing import guess_delimiter

Write = Callable[..., Path]
TABLE = "Order ID,Müller,Amount\n1,Jürgen,2.50\n2,Zoë,3.00\n"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252")],
)  # fmt: skip
def test_the_encoding_is_found(write: Write, encoding: str, expected: str) -> None:
    shape = sniff(write(TABLE.encode(encoding)))
    assert shape.encoding == expected
    assert shape.columns == ("Order ID", "Müller", "Amount")
    assert shape.samples == (("1", "Jürgen", "2.50"), ("2", "Zoë", "3.00"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write: Write, delimiter: str) -> None:
    shape = sniff(write(TABLE.replace(",", delimiter)))
    assert (shape.delimiter, len(shape.columns), shape.has_header) == (delimiter, 3, True)


def test_blanks_separate_columns_where_nothing_else_does(write: Write) -> None:
    shape = sniff(write(" 00004 0001 19970101  2   29.33\r\n 00021 0002 19970101  3   63.34\r\n"))
    assert (shape.delimiter, shape.has_header, len(shape.columns)) == (None, False, 5)
    assert shape.samples[0] == ("00004", "0001", "19970101", "2", "29.33")


def test_decimal_commas_do_not_make_columns(write: Write) -> None:
    assert sniff(write("1,5;2,5;3,5\n4,5;5,5;6,5\n")).delimiter == ";"


def test_quoted_delimiters_and_line_breaks_stay_in_their_cell(write: Write) -> None:
    shape = sniff(write('id,name\n1,"a, b"\n2,"c\nd"\n3,"say ""hi"""\n'))
    assert shape.samples == (("1", "a, b"), ("2", "c\nd"), ("3", 'say "hi"'))


def test_gzip_is_known_by_its_first_bytes(write: Write) -> None:
    shape = sniff(write(gzip.compress(TABLE.encode()), "orders.dat"))
    assert (shape.compression, shape.delimiter, shape.rows_estimate) == ("gzip", ",", 2)


def test_a_first_row_with_values_is_no_header(write: Write) -> None:
    assert not sniff(write("1,2020-01-01,5.00\n2,2020-01-02,6.00\n")).has_header
    assert not sniff(write("a@example.com,Alice\nb@example.com,Bob\n")).has_header
    assert sniff(write("email,vorname\nAlice,Bob\n")).has_header


def test_columns_get_distinct_names(write: Write) -> None:
    assert sniff(write("id,id,,x\n1,2,3,4\n")).columns == ("id", "id (2)", "column 3", "x")


def test_the_number_of_rows_is_estimated(write: Write) -> None:
    body = "id,amount\n" + "".join(f"{number},{number}.50\n" for number in range(100_000))
    assert abs(sniff(write(body)).rows_estimate - 100_000) < 15_000
    assert abs(sniff(write(gzip.compress(body.encode()))).rows_estimate - 100_000) < 50_000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n \n", "empty_file"),
        (b"PK\x03\x04rest", "not_a_text_file"),
        (b"%PDF-1.4", "not_a_text_file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "not_a_text_file"),
        (bytes(range(256)) * 20, "not_a_text_file"),
        (b"a,b\x00\x01\x02\x03\n1,2\n", "not_a_text_file"),
    ],
)
def test_what_is_no_table_is_refused(write: Write, content: bytes, code: str) -> None:
    with pytest.raises(TenureError) as error:
        sniff(write(content))
    assert error.value.code == code


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"nothing\.csv"):
        sniff(tmp_path / "nothing.csv")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([",", ";", "\t", "|"]),
    st.lists(st.lists(st.text("abcxyz 0123.", max_size=8), min_size=3, max_size=3), min_size=2, max_size=10),
)
def test_any_table_written_with_a_delimiter_is_split_at_it(delimiter: str, rows: list[list[str]]) -> None:
    assert guess_delimiter([delimiter.join(row) for row in rows]) == delimiter


HEADERS = {
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country": {
        "order_id": "InvoiceNo", "customer_id": "CustomerID", "ordered_at": "InvoiceDate", "product_id": "StockCode",
        "product_name": "Description", "quantity": "Quantity", "unit_price": "UnitPrice", "country": "Country",
    },
    "Name,Email,Created at,Currency,Total,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Country": {
        "order_id": "Name", "ordered_at": "Created at", "product_id": "Lineitem sku", "product_name": "Lineitem name",
        "quantity": "Lineitem quantity", "unit_price": "Lineitem price", "order_total": "Total", "currency": "Currency",
        "email": "Email", "country": "Billing Country",
    },
    "Order Number,Order Date,Customer User,Email (Billing),Order Total Amount,SKU,Item Name,Quantity,Item Cost": {
        "order_id": "Order Number", "customer_id": "Customer User", "ordered_at": "Order Date", "product_id": "SKU",
        "product_name": "Item Name", "quantity": "Quantity", "unit_price": "Item Cost",
        "order_total": "Order Total Amount", "email": "Email (Billing)",
    },
    "Bestellnummer,Kundennummer,Bestelldatum,Artikelnummer,Menge,Einzelpreis,Währung,Land": {
        "order_id": "Bestellnummer", "customer_id": "Kundennummer", "ordered_at": "Bestelldatum",
        "product_id": "Artikelnummer", "quantity": "Menge", "unit_price": "Einzelpreis", "currency": "Währung",
        "country": "Land",
    },
    "customer_id,date,total": {"customer_id": "customer_id", "ordered_at": "date", "amount": "total"},
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_usual_headers_are_understood(write: Write, header: str) -> None:
    shape = sniff(write(header + "\n" + ",".join("x" * len(header.split(","))) + "\n"))
    assert guess_mapping("orders", shape) == HEADERS[header]


def test_customer_and_event_headers_are_understood(write: Write) -> None:
    shape = sniff(
        write("Customer ID,First Name,Last Name,Email,Phone,City,Accepts Marketing\n1,a,b,c,d,e,yes\n")
    )
    assert guess_mapping("customers", shape) == {
        "customer_id": "Customer ID", "email": "Email", "phone": "Phone", "first_name": "First Name",
        "last_name": "Last Name", "city": "City", "accepts_email": "Accepts Marketing",
    }  # fmt: skip
    shape = sniff(write("user_id,event,timestamp,plan\n1,Signed Up,2020-01-01,pro\n"))
    assert guess_mapping("events", shape) == {
        "customer_id": "user_id",
        "event": "event",
        "timestamp": "timestamp",
    }


GERMAN = "Kd.-Nr;Wann gekauft;Endsumme (brutto);Währung;Mailadresse\n1;31.10.2026;12,50;EUR;a@example.com\n"


def test_columns_are_guessed_by_words_of_other_languages_and_by_content(write: Write) -> None:
    assert guess_mapping("orders", sniff(write(GERMAN))) == {
        "customer_id": "Kd.-Nr", "ordered_at": "Wann gekauft", "amount": "Endsumme (brutto)", "currency": "Währung",
        "email": "Mailadresse",
    }  # fmt: skip
    shape = sniff(write("Klantnr,Moment,Net,Gross,Contact\n1,2026-10-31,10,12,a@example.com\n"))
    assert guess_mapping("orders", shape) == {
        "customer_id": "Klantnr", "ordered_at": "Moment", "amount": "Gross", "email": "Contact",
    }  # fmt: skip


def test_columns_without_headings_are_guessed_by_content(write: Write, shared_data: Path) -> None:
    shape = sniff(write("ann,2026-10-31,10.50\nbob,2026-11-01,3.00\n"))
    assert guess_mapping("orders", shape) == {
        "customer_id": "column 1", "ordered_at": "column 2", "amount": "column 3",
    }  # fmt: skip
    cdnow = sniff(shared_data / "cdnow_sample.txt")
    assert guess_mapping("orders", cdnow) == {
        "customer_id": "column 1", "ordered_at": "column 3", "amount": "column 5",
    }  # fmt: skip
    assert cdnow.rows_estimate == 6_919


def test_two_columns_of_dates_are_not_chosen_between(write: Write) -> None:
    shape = sniff(write("who,one,two\nann,2026-10-31,2026-10-30\n"))
    assert "ordered_at" not in guess_mapping("orders", shape)


def test_given_columns_win_over_guesses_by_name_or_position(write: Write) -> None:
    shape = sniff(write("customer_id,date,total,net\n1,2020-01-01,5,4\n"))
    assert resolve_mapping("orders", shape, {"amount": "NET", "order_id": "1"}) == {
        "ordered_at": "date",
        "amount": "net",
        "order_id": "customer_id",
    }
    assert "amount" not in resolve_mapping("orders", shape, {"amount": ""})


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"amount": "totl"}, "Did you mean 'total'"),
        ({"amount": "9"}, "the file has 3 columns"),
        ({"amount": "zzzzzz"}, "The columns are customer_id, date, total"),
        ({"ammount": "total"}, "Did you mean 'amount'"),
    ],
)
def test_an_unknown_column_or_field_names_near_ones(
    write: Write, mapping: dict[str, str], words: str
) -> None:
    shape = sniff(write("customer_id,date,total\n1,2020-01-01,5\n"))
    with pytest.raises(TenureError, match=words):
        resolve_mapping("orders", shape, mapping)


def test_map_options_are_field_equals_column() -> None:
    assert parse_mapping(["amount=Net = EUR", "country="]) == {"amount": "Net = EUR", "country": ""}
    with pytest.raises(TenureError, match="field=column"):
        parse_mapping(["amount"])
