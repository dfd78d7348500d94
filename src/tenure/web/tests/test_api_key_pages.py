"""The page of API keys."""

import re

from django.test import Client

from tenure.base.models import AuditEntry
from tenure.web.tests.test_pages import find_faults

PAGE = "/settings/api-keys/"


def test_a_key_is_shown_once_works_and_can_be_revoked(services, admin):
    assert "No API key yet" in admin.get(PAGE).content.decode()
    made = admin.post(PAGE, {"name": "Warehouse", "role": "viewer"}).content.decode()
    assert find_faults(made) == []
    key = re.search(r'<code class="select-all">(ak_[\w-]+)</code>', made)[1]
    bearer = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v1/segments", headers=bearer).status_code == 200
    listed = admin.get(PAGE).content.decode()
    assert find_faults(listed) == []
    assert key not in listed
    assert "just now" in listed.split("Last used")[1]
    href = re.search(r'action="(/settings/api-keys/\d+/revoke/)"', listed)[1]
    admin.post(href)
    assert ">revoked<" in admin.get(PAGE).content.decode()
    assert Client().get("/api/v1/segments", headers=bearer).status_code == 401
    assert admin.post(href).status_code == 404
    audit = admin.get("/settings/audit/?verb=api_key.").content.decode()
    assert "Made an API key" in audit
    assert "Revoked an API key" in audit
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {"admin@example.com"}


def test_what_is_wrong_is_said_and_the_form_kept(admin):
    response = admin.post(PAGE, {"name": "Warehouse", "role": "root"})
    assert response.status_code == 400
    assert b"Role must be one of" in response.content
    assert b'value="Warehouse"' in response.content
    assert admin.post(PAGE, {"name": " ", "role": "viewer"}).status_code == 400


def test_only_admins_see_it(client, marketer):
    assert marketer.get(PAGE).status_code == 403
    assert marketer.post(PAGE, {"name": "Mine", "role": "admin"}).status_code == 403
    assert client.get(PAGE)["Location"].startswith("/sign-in/")
