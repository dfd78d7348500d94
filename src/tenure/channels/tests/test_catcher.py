"""The mail catcher: a real server, its mailbox file and its pages."""

import smtplib
import socket
from email.message import EmailMessage

import pytest
from django.test import Client

from tenure.base.access import create_user
from tenure.base.errors import NotFoundError, UnavailableError
from tenure.channels import api, mailbox
from tenure.channels.tests.conftest import build_message


@pytest.fixture
def catcher(tmp_path, monkeypatch):
    monkeypatch.setenv("TENURE_HOME", str(tmp_path))
    running = api.Catcher()
    running.start()
    yield running
    running.stop()


def write_mail(to="ann@example.com", subject="Grüße", body="Hi\n.\n..dots\nend", html=None) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Shop <hi@shop.example>", to, subject
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def deliver(catcher, *messages) -> None:
    host, port = catcher.url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port)) as client:
        for message in messages:
            client.send_message(message)


def test_mails_are_kept_as_they_came(catcher):
    deliver(catcher, write_mail(), write_mail("bob@example.com", "Second", html="<p>Hi Bob</p>"))
    page = api.list_mails()
    assert [(mail.recipient, mail.subject) for mail in page.mails] == [
        ("bob@example.com", "Second"),
        ("ann@example.com", "Grüße"),
    ]
    opened = api.get_mail(page.mails[1].id)
    assert opened.text.replace("\r\n", "\n") == "Hi\n.\n..dots\nend\n" and opened.html is None
    assert ("Subject", "Grüße") in opened.headers
    assert "Hi Bob" in (api.get_mail(page.mails[0].id).html or "")


def test_a_long_subject_is_read_whole(catcher):
    subject = "Ein Gruß an alle, die noch da sind; " * 5 + "Ende"
    deliver(catcher, write_mail(subject=subject))
    assert api.list_mails().mails[0].subject == subject


def test_mails_are_found_by_recipient(catcher):
    deliver(
        catcher,
        *[write_mail(f"p{number}@example.com") for number in range(12)],
        write_mail("a_b@example.com"),
    )
    assert api.list_mails("P1@").total_count == 1
    assert api.list_mails("_").total_count == 1
    assert api.list_mails(limit=5, offset=10).total_count == 13
    assert len(api.list_mails(limit=5, offset=10).mails) == 3


def test_the_mailbox_outlives_the_catcher_and_can_be_emptied(catcher):
    deliver(catcher, write_mail())
    catcher.stop()
    assert api.list_mails().total_count == 1
    mailbox.delete_all()
    assert api.list_mails().total_count == 0
    with pytest.raises(NotFoundError):
        api.get_mail(1)


def test_a_taken_port_is_reported(catcher, tmp_path):
    port = int(catcher.url.rpartition(":")[2])
    with pytest.raises(UnavailableError):
        api.Catcher(tmp_path / "other.sqlite3", port=port).start()


def test_rude_clients_get_answers(catcher):
    host, port = catcher.url.removeprefix("smtp://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as client, client.makefile("rb") as answers:
        client.sendall(
            b"EHLO me\r\nRCPT TO:<a@b.example>\r\nMAIL FROM:nobody\r\nNONSENSE\r\nDATA\r\nMAIL FROM:<>\r\n"
            b"RCPT TO:<a@b.example>\r\nDATA\r\n..dot\r\n.\r\nRSET\r\nVRFY x\r\nQUIT\r\n"
        )
        codes = [line[:3] for line in answers if line[3:4] != b"-"]
    assert codes == [
        b"220",
        b"250",
        b"503",
        b"501",
        b"500",
        b"503",
        b"250",
        b"250",
        b"354",
        b"250",
        b"250",
        b"252",
        b"221",
    ]
    assert api.get_mail(1).content == b".dot\r\n"


@pytest.mark.django_db(transaction=True)
def test_a_campaign_ends_in_the_mailbox(catcher, plan, start_sender):
    plan(30)
    assert start_sender(catcher.url).wait_until_idle(20)
    assert api.list_mails().total_count == 30
    assert (
        api.list_mails("p7@").mails[0].subject
        == build_message(api.ClaimedDelivery(1, 1, 0, 7, "email", "p7@x.y", 0)).subject
    )


@pytest.fixture
def viewer(db) -> Client:
    client = Client()
    client.force_login(create_user("viewer@example.com", "a long password 1", "viewer"))
    return client


def test_the_list_shows_mails_and_searches(catcher, viewer):
    deliver(catcher, write_mail(), write_mail("bob@example.com", "<b>Second</b>"))
    page = viewer.get("/mailbox/").content.decode()
    assert "ann@example.com" in page and "&lt;b&gt;Second&lt;/b&gt;" in page
    page = viewer.get("/mailbox/", {"q": "bob"}).content.decode()
    assert "bob@example.com" in page and "ann@example.com" not in page
    fragment = viewer.get("/mailbox/", {"q": "nobody"}, headers={"HX-Request": "true"}).content.decode()
    assert "No mail to such an address" in fragment and "<html" not in fragment


def test_many_mails_come_in_pages(catcher, viewer):
    deliver(catcher, *[write_mail(f"p{number}@example.com") for number in range(60)])
    first = viewer.get("/mailbox/").content.decode()
    assert "p59@example.com" in first and "p9@example.com" not in first and "page=2" in first
    assert "p9@example.com" in viewer.get("/mailbox/", {"page": "2"}).content.decode()
    assert viewer.get("/mailbox/", {"page": "x"}).status_code == 200


def test_a_mail_is_shown_in_a_frame_without_scripts(catcher, viewer):
    deliver(catcher, write_mail(html="<p onclick='x()' style='color:red'>Hi<script>alert(1)</script></p>"))
    page = viewer.get("/mailbox/1/")
    assert 'src="/mailbox/1/body/"' in page.content.decode() and "alert(1)" not in page.content.decode()
    assert "script-src 'self'" in page["Content-Security-Policy"]
    body = viewer.get("/mailbox/1/body/")
    policy = body["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "sandbox" in policy
    assert "allow-scripts" not in policy and "color:red" in body.content.decode()
    source = viewer.get("/mailbox/1/source/")
    assert source["Content-Type"].startswith("text/plain") and b"Subject:" in source.content


def test_the_mailbox_needs_a_sign_in(catcher, db):
    for path in ("/mailbox/", "/mailbox/1/", "/mailbox/1/body/", "/mailbox/1/source/"):
        assert Client().get(path).status_code == 302


def test_a_mail_that_is_not_there_is_not_found(catcher, viewer):
    assert viewer.get("/mailbox/99/").status_code == 404
