"""Who may use the API: keys, roles, sessions; and that every refusal is one JSON error."""

import json

import pytest
from django.test import Client

from tenure.base.access import create_user
from tenure.base.api_keys import create_api_key, list_api_keys, revoke_api_key
from tenure.web.rest.service import api


def bearer(role: str = "viewer") -> dict[str, str]:
    return {"Authorization": f"Bearer {create_api_key(role, role, 'test')}"}


def read_error(response, status: int) -> dict[str, object]:
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "field"}
    return body["error"]


def test_without_a_key_the_answer_says_how_to_get_one(db, client):
    response = client.get("/api/v1/segments")
    error = read_error(response, 401)
    assert error["code"] == "no_key"
    assert "Authorization: Bearer KEY" in error["message"]
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header, code",
    [
        ("Bearer ak_000000000000_nothing", "bad_key"),
        ("Bearer", "bad_authorization"),
        ("Basic YTpi", "bad_authorization"),
        ("Bearer \u00e4\u00f6", "bad_key"),
        ("bearer x y z", "bad_key"),
    ],
)
def test_a_wrong_key_is_refused_whoever_is_signed_in(db, header, code):
    client = Client()
    client.force_login(create_user("ada@example.com", "correct horse battery", "admin"))
    assert read_error(client.get("/api/v1/lists", headers={"Authorization": header}), 401)["code"] == code


def test_a_revoked_key_is_refused(db, client):
    headers = bearer()
    revoke_api_key(list_api_keys()[0].id, "test")
    assert read_error(client.get("/api/v1/segments", headers=headers), 401)["code"] == "revoked_key"


def test_a_key_for_viewers_changes_nothing(services, client):
    headers = bearer("viewer")
    assert client.get("/api/v1/segments", headers=headers).json() == {"segments": [], "next_cursor": None}
    changing = [
        (method, path)
        for path, methods in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items()
        for method, operation in methods.items()
        if operation["x-role"] != "viewer"
    ]
    assert len(changing) == 7
    for method, path in changing:
        response = client.generic(method.upper(), path.replace("{name}", "x"), "{}", headers=headers)
        error = read_error(response, 403)
        assert error["message"] == "This needs the role marketer; API key viewer has the role viewer."


def test_only_reading_routes_are_open_to_viewers(db):
    for path, methods in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        for method, operation in methods.items():
            expected = "viewer" if method == "get" or path.endswith("/segments/count") else "marketer"
            assert operation["x-role"] == expected, (method, path)


def test_somebody_signed_in_uses_it_with_the_csrf_token(services):
    client = Client(enforce_csrf_checks=True)
    client.force_login(create_user("ada@example.com", "correct horse battery", "marketer"))
    assert client.get("/api/v1/segments").status_code == 200
    body = json.dumps({"name": "empty"})
    refused = client.post("/api/v1/lists", body, content_type="application/json")
    assert read_error(refused, 403)["code"] == "csrf"
    client.get("/api/v1/docs")
    token = client.cookies["csrftoken"].value
    made = client.post("/api/v1/lists", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert made.json()["created_by"] == "ada@example.com"


def test_somebody_deactivated_is_out(db):
    client = Client()
    user = create_user("ada@example.com", "correct horse battery", "admin")
    client.force_login(user)
    user.is_active = False
    user.save()
    assert read_error(client.get("/api/v1/segments"), 401)["code"] == "no_key"


def test_addresses_and_methods_that_there_are_not_are_said_in_json(db, client):
    headers = bearer()
    for path in ("/api/v1/nothing", "/api/v1/", "/api/v1/segments/", "/api/v2/segments", "/api/"):
        assert read_error(client.get(path, headers=headers), 404)["code"] == "no_such_route"
    assert read_error(Client(enforce_csrf_checks=True).post("/api/v1/nothing"), 404)
    response = client.patch("/api/v1/segments", headers=headers)
    error = read_error(response, 405)
    assert "GET" in error["message"]
    assert "POST" in response["Allow"]


def test_a_fault_of_ours_is_an_error_without_a_traceback(db, client, monkeypatch, caplog):
    def fail() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("tenure.segments.api.list_segment_sizes", fail)
    error = read_error(client.get("/api/v1/segments", headers=bearer()), 500)
    assert error["code"] == "internal"
    assert "secret detail" not in str(error)
    assert "secret detail" in caplog.text
