"""The API describes itself, and its page loads nothing from elsewhere."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tenure.segments.rest import api as segments
from tenure.segments.rest import shapes
from tenure.segments.rules import BY_NAME
from tenure.web.rest.service import api


@pytest.fixture
def document(client):
    return client.get("/api/v1/openapi.json").json()


def test_every_route_says_role_summary_errors_and_shape(document):
    assert len(document["paths"]) == 12
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert f"Needs the role {operation['x-role']}." in operation["description"]
            assert {"400", "401", "403", "404"} <= set(operation["responses"])
            assert operation["security"]


def test_every_reference_leads_somewhere_and_every_kind_of_rule_is_described(document):
    schemas = document["components"]["schemas"]
    wanted = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert wanted <= set(schemas)
    assert len(schemas["Node"]["anyOf"]) == 3 + len(BY_NAME)
    assert not set(segments.build_schemas()) & {name for name in vars(shapes) if name[0].isupper()}


def test_operations_are_named_once():
    names = [
        operation["operationId"]
        for methods in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names))


def test_the_page_is_for_people_who_are_signed_in_and_loads_from_here_only(db):
    client = Client()
    assert client.get("/api/v1/docs")["Location"].startswith("/sign-in/")
    from tenure.base.access import create_user

    client.force_login(create_user("ada@example.com", "correct horse battery", "viewer"))
    page = client.get("/api/v1/docs").content.decode()
    assert not re.findall(r"https?://|[\"']//", page)
    loaded = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert "ninja/swagger-ui-bundle.js" in loaded
    assert all(finders.find(name) for name in loaded)
    assert '"validatorUrl": null' in page
    assert "/api/v1/openapi.json" in page
