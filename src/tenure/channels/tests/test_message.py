"""Messages built by hand, read back by the standard library."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.base.errors import TenureError
from tenure.channels.message import OutgoingEmail, build_envelope, normalise_address

TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=400)
ONE_LINE = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=200)


def build(**changes) -> OutgoingEmail:
    given = {"to": "ann@example.com", "from_address": "Shop <hi@shop.example>", "subject": "Hi"}
    return OutgoingEmail(**{**given, "html": "<p>Hi</p>", "text": "Hi", "headers": {}, **changes})


def read_back(message: OutgoingEmail) -> EmailMessage:
    content = build_envelope(message).content
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"") and b"\r" not in content.replace(b"\r\n", b"")
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage) and not parsed.defects
    return parsed


def read_part(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    assert part is not None
    return to_lines(part.get_content())


def to_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT)
def test_both_parts_come_back_as_written(html, text):
    parsed = read_back(build(html=html, text=text))
    assert parsed.get_content_type() == "multipart/alternative"
    assert read_part(parsed, "plain") == to_lines(text)
    assert read_part(parsed, "html") == to_lines(html)


@settings(max_examples=60, deadline=None)
@given(ONE_LINE)
def test_a_subject_comes_back_as_written(subject):
    parsed = read_back(build(subject=subject))
    assert str(parsed["subject"]).strip() == subject.strip()


@pytest.mark.parametrize(
    "subject",
    ["Grüße aus Köln " * 20, "word " * 60 + "end", "a" * 300, "=?utf-8?q?x?=", "a  b " * 30, "😀" * 80, ""],
)
def test_long_and_foreign_subjects_come_back(subject):
    assert str(read_back(build(subject=subject))["subject"]).strip() == subject.strip()


@pytest.mark.parametrize(
    "text", [".", "..\n.\n", "From me\ntrailing  \n\ttab\t\n", "x" * 5000, "a = b =3D", "\r\n\r\n.\r\n"]
)
def test_awkward_lines_come_back(text):
    assert read_part(read_back(build(text=text)), "plain") == to_lines(text)


def test_headers_come_back_and_long_ones_are_folded():
    headers = {
        "List-Unsubscribe": f"<https://a.example/{'x' * 300}>, <mailto:stop@a.example>",
        "X-Note": "schön",
    }
    parsed = read_back(build(headers=headers))
    assert {name: str(parsed[name]) for name in headers} == headers
    assert (
        parsed["mime-version"] == "1.0" and parsed["date"] and parsed["message-id"].endswith("@shop.example>")
    )


def test_a_text_only_mail_has_one_part():
    parsed = read_back(build(html=None, text="Grüße"))
    assert parsed.get_content_type() == "text/plain" and parsed.get_content().strip() == "Grüße"


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("hi@shop.example", ""),
        ("Ünal & Söhne <hi@shop.example>", "Ünal & Söhne"),
        ('"Shop, Inc." <hi@shop.example>', "Shop, Inc."),
        (f"{'Long name ' * 12}<hi@shop.example>", ("Long name " * 12).strip()),
    ],
)
def test_senders_come_back(sender, name):
    address = read_back(build(from_address=sender))["from"].addresses[0]
    assert (address.display_name, address.addr_spec) == (name, "hi@shop.example")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hi\r\nBcc: all@example.com"},
        {"subject": "Hi\nthere"},
        {"from_address": "Shop <hi@shop.example>\r\nBcc: all@example.com"},
        {"from_address": "nobody"},
        {"headers": {"X-A": "1\r\nBcc: all@example.com"}},
        {"headers": {"X-A: 1\r\nBcc": "all@example.com"}},
        {"headers": {"Bcc": "all@example.com"}},
        {"headers": {"List-Unsubscribe": "<https://ü.example>"}},
        {"headers": {"X-A": "1", "x-a": "2"}},
        {"to": "ann@example.com\r\nRCPT TO:<all@example.com>"},
        {"to": "ann@example.com>, <all@example.com"},
        {"to": "ann"},
        {"to": "jörg@example.com"},
    ],
)
def test_what_would_smuggle_something_in_is_refused(changes):
    with pytest.raises(TenureError) as caught:
        build_envelope(build(**changes))
    assert caught.value.code in ("bad_header", "bad_address")


def test_an_international_domain_goes_out_in_ascii():
    assert normalise_address("ann@köln.example") == "ann@xn--kln-sna.example"
