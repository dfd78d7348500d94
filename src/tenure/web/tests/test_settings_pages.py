import re
from pathlib import Path

import pytest
from django.test import Client

import tenure
from tenure.base.models import AuditEntry, User
from tenure.web.audit_words import WORDS, say_verb
from tenure.web.tests.conftest import PASSWORD

ADMIN_PAGES = ["/settings/users/", "/settings/keys/", "/settings/audit/"]


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_admin_pages_are_closed_to_marketers(marketer, path):
    response = marketer.get(path)
    assert response.status_code == 403
    assert b"needs the role admin" in response.content


@pytest.mark.parametrize(
    "path", [*ADMIN_PAGES, "/settings/", "/settings/presets/", "/settings/sending/", "/glossary/"]
)
def test_charlie_who_is_not_signed_in_sees_nothing(client, db, path):
    assert client.get(path)["Location"].startswith("/sign-in/")


def test_a_new_user_gets_a_password_that_is_shown_once_and_works(admin):
    response = admin.post("/settings/users/", {"email": "Bob@example.com", "name": "Bob", "role": "marketer"})
    password = re.search(r"<code>([\w-]{12,})</code>", response.content.decode())[1]
    assert password not in admin.get("/settings/users/").content.decode()
    client = Client()
    assert client.post("/sign-in/", {"email": "bob@example.com", "password": password}).status_code == 302
    assert AuditEntry.objects.filter(verb="user.created", subject="bob@example.com").exists()


def test_a_taken_address_is_refused_with_the_form_kept(admin):
    response = admin.post(
        "/settings/users/", {"email": "admin@example.com", "name": "Twin", "role": "viewer"}
    )
    assert response.status_code == 400
    assert b"has an account already" in response.content
    assert b'value="Twin"' in response.content


def test_the_role_of_a_user_can_be_changed(admin, marketer):
    bob = User.objects.get(email="marketer@example.com")
    admin.post(f"/settings/users/{bob.pk}/", {"act": "role", "role": "viewer"})
    assert User.objects.get(pk=bob.pk).role == "viewer"
    assert AuditEntry.objects.filter(verb="user.role_changed").get().detail == {
        "before": "marketer",
        "after": "viewer",
    }


def test_a_deactivated_user_is_out_at_once(admin, marketer):
    bob = User.objects.get(email="marketer@example.com")
    admin.post(f"/settings/users/{bob.pk}/", {"act": "deactivate"})
    assert marketer.get("/settings/").status_code == 302


@pytest.mark.parametrize("change", [{"act": "deactivate"}, {"act": "role", "role": "viewer"}])
def test_the_last_admin_stays(admin, change):
    me = User.objects.get(email="admin@example.com")
    response = admin.post(f"/settings/users/{me.pk}/", change)
    assert response.status_code == 409
    assert b"last active admin" in response.content
    assert User.objects.get(pk=me.pk).role == "admin"


def test_one_can_change_the_own_password_and_stays_signed_in(viewer):
    assert viewer.post("/settings/", {"present": "no", "wanted": "another long one"}).status_code == 400
    assert viewer.post("/settings/", {"present": PASSWORD, "wanted": "short"}).status_code == 400
    assert viewer.post("/settings/", {"present": PASSWORD, "wanted": "another long one"}).status_code == 302
    assert viewer.get("/settings/").status_code == 200
    assert (
        Client()
        .post("/sign-in/", {"email": "viewer@example.com", "password": "another long one"})
        .status_code
        == 302
    )


def test_a_write_key_is_shown_once_and_can_be_revoked(admin):
    made = admin.post("/settings/keys/", {"name": "Web shop"}).content.decode()
    key = re.search(r"<code>(wk_[\w-]+)</code>", made)[1]
    listed = admin.get("/settings/keys/").content.decode()
    assert "Web shop" in listed
    assert key not in listed
    href = re.search(r'action="(/settings/keys/\d+/revoke/)"', listed)[1]
    admin.post(href)
    assert "revoked" in admin.get("/settings/keys/").content.decode()
    assert set(AuditEntry.objects.values_list("verb", flat=True)) == {"key.created", "key.revoked"}


def test_the_audit_log_lists_changes_and_narrows_to_an_area(admin):
    admin.post("/settings/users/", {"email": "bob@example.com", "name": "", "role": "viewer"})
    admin.post("/settings/keys/", {"name": "Web shop"})
    narrowed = admin.get("/settings/audit/?verb=key.").content.decode()
    assert "Made a write key" in narrowed
    assert "Added a user" not in narrowed


def test_the_mail_servers_password_is_not_shown(viewer, monkeypatch):
    monkeypatch.setenv("TENURE_SMTP_URL", "smtp://robot:hush@mail.example.com:587")
    page = viewer.get("/settings/sending/").content.decode()
    assert "mail.example.com:587" in page
    assert "hush" not in page


def test_every_verb_of_the_audit_log_has_words(admin):
    package = Path(tenure.__file__).parent
    calls = (
        call[:200]
        for path in package.rglob("*.py")
        if "tests" not in path.parts
        for call in path.read_text().split("record_audit(")[1:]
    )
    used = {verb for call in calls for verb in re.findall(r'"([a-z_]+\.[a-z_]+)"', call)}
    assert len(used) > 15
    assert used - WORDS.keys() - {"events.import", "key.create", "key.list", "user.create"} == set()
    admin.post("/settings/keys/", {"name": "Web shop"})
    assert "<td>Made a write key</td>" in admin.get("/settings/audit/").content.decode()
    assert say_verb("moon.landed_on") == "Moon landed on"
