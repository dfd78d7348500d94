from datetime import UTC, datetime

import pytest
from django.test import Client

from tenure.base import clock
from tenure.base.access import create_user
from tenure.base.models import AuditEntry
from tenure.web import sign_in as tries
from tenure.web.sign_in import TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS
from tenure.web.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def alice():
    return create_user("alice@example.com", PASSWORD, "marketer")


def sign_in(client: Client, password: str = PASSWORD, email: str = "Alice@Example.com ", **extra: str):
    return client.post("/sign-in/", {"email": email, "password": password, **extra})


def test_the_right_password_signs_in_and_leaves_an_audit_row(alice, client):
    response = sign_in(client)
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert AuditEntry.objects.get().verb == "user.signed_in"


def test_a_wrong_password_is_told_and_audited(alice, client):
    response = sign_in(client, "wrong")
    assert response.status_code == 401
    assert b"do not belong together" in response.content
    assert AuditEntry.objects.get().verb == "user.sign_in_failed"


def test_an_unknown_address_is_answered_like_a_wrong_password(alice, client):
    assert sign_in(client, email="charlie@example.com").status_code == 401


def test_a_deactivated_user_cannot_sign_in(alice, client):
    type(alice).objects.update(is_active=False)
    assert sign_in(client).status_code == 401


def test_after_sign_in_the_page_asked_for_opens(alice, client):
    asked = client.get("/settings/")
    assert asked["Location"] == "/sign-in/?next=/settings/"
    assert sign_in(client, next="/settings/")["Location"] == "/settings/"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_another_site_is_never_the_next_page(alice, client, target):
    assert sign_in(client, next=target)["Location"] == "/"


def test_many_wrong_passwords_make_the_account_wait(alice, client):
    with clock.virtual(START) as time:
        for _ in range(TRIES_PER_ACCOUNT):
            assert sign_in(client, "wrong").status_code == 401
        limited = sign_in(client)
        assert limited.status_code == 429
        assert b"Wait 15 minutes" in limited.content
        time.advance(minutes=16)
        assert sign_in(client).status_code == 302


def test_many_accounts_from_one_address_are_limited_too(alice, client):
    for number in range(TRIES_PER_ADDRESS):
        sign_in(client, "wrong", email=f"user{number}@example.com")
    assert sign_in(client, "wrong").status_code == 429


def test_the_right_password_signs_in_from_an_address_where_others_failed(alice, client):
    for number in range(TRIES_PER_ADDRESS):
        sign_in(client, "wrong", email=f"user{number}@example.com")
    assert sign_in(client).status_code == 302


def test_an_account_is_limited_from_many_addresses_too(alice, client):
    for number in range(tries.TRIES_PER_ACCOUNT_EVERYWHERE):
        tries.record_failure("alice@example.com", f"10.0.0.{number}")
    assert sign_in(client).status_code == 429


def test_a_limited_account_is_audited_once_an_hour(alice, client):
    with clock.virtual(START) as time:
        for number in range(tries.TRIES_PER_ACCOUNT_EVERYWHERE):
            tries.record_failure("alice@example.com", f"10.0.0.{number}")
        for _ in range(3):
            sign_in(client)
        assert AuditEntry.objects.filter(verb="user.sign_in_limited").count() == 1
        time.advance(minutes=61)
        for number in range(tries.TRIES_PER_ACCOUNT_EVERYWHERE):
            tries.record_failure("alice@example.com", f"10.0.0.{number}")
        sign_in(client)
        assert AuditEntry.objects.filter(verb="user.sign_in_limited").count() == 2


def test_what_is_remembered_of_tries_is_bounded(monkeypatch):
    monkeypatch.setattr(tries, "MOST_KEYS", 10)
    for number in range(50):
        tries.record_failure(f"user{number}@example.com", f"10.0.0.{number}")
        tries.should_tell(f"user{number}@example.com")
    assert len(tries._tries) == len(tries._told) == 10


@pytest.mark.parametrize(
    ("proxies", "expected"), [(0, "10.0.0.1"), (1, "3.3.3.3"), (2, "2.2.2.2"), (4, "10.0.0.1")]
)
def test_the_address_comes_from_the_trusted_proxies(proxies, expected):
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 2.2.2.2, 3.3.3.3"}
    assert tries.find_network_address(meta, proxies) == expected


def test_sign_out_is_a_post_and_ends_the_session(alice, client):
    sign_in(client)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/settings/").status_code == 302


def test_an_htmx_request_after_the_session_ended_leads_to_sign_in(client):
    response = client.get("/glossary/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/sign-in/"


def test_the_sign_in_form_needs_its_token(alice):
    response = Client(enforce_csrf_checks=True).post(
        "/sign-in/", {"email": "alice@example.com", "password": PASSWORD}
    )
    assert response.status_code == 403


def test_the_chosen_appearance_is_remembered(alice, client):
    sign_in(client)
    client.post("/theme/", {"theme": "dark", "next": "/glossary/"})
    assert b'data-theme="dark"' in client.get("/glossary/").content
    client.post("/theme/", {"theme": "system"})
    assert b"data-theme" not in client.get("/glossary/").content
