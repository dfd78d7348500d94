"""People who sign in, for the pages' tests."""

import pytest
from django.test import Client

from tenure.base.access import create_user
from tenure.web import sign_in
from tenure.web.tests.shop import fill_shop

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fresh_tries():
    sign_in.forget_all()


def make_client(role: str) -> Client:
    """A browser in which a user of that role is signed in."""
    client = Client()
    client.force_login(create_user(f"{role}@example.com", PASSWORD, role, name=role.capitalize()))
    return client


@pytest.fixture
def admin(db) -> Client:
    return make_client("admin")


@pytest.fixture
def marketer(db) -> Client:
    return make_client("marketer")


@pytest.fixture
def viewer(db) -> Client:
    return make_client("viewer")


@pytest.fixture
def shop(services: object) -> object:
    """A running Tenure on a small shop."""
    fill_shop()
    return services
