"""API keys: shown once, kept as a hash, revoked, and nobody learns anything by guessing."""

from datetime import UTC, datetime
from hmac import compare_digest

import pytest

from tenure.base import api_keys, clock
from tenure.base.access import Caller
from tenure.base.api_keys import create_api_key, get_caller, list_api_keys, revoke_api_key
from tenure.base.errors import NotFoundError, TenureError, UnauthenticatedError
from tenure.base.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


def test_a_key_opens_what_its_role_may_and_only_its_hash_is_kept():
    key = create_api_key(" Warehouse ", "viewer", "ada@example.com")
    assert get_caller(key) == Caller("API key Warehouse", "viewer")
    row = ApiKey.objects.values().get()
    assert key not in str(row)
    assert key.removeprefix(f"{row['start']}_") not in str(row)
    assert key.startswith(row["start"])
    assert AuditEntry.objects.get().verb == "api_key.created"
    assert key not in str(AuditEntry.objects.get().detail)


def test_keys_are_listed_with_when_they_were_used():
    with clock.virtual(NOW) as now:
        key = create_api_key("Warehouse", "marketer", "ada@example.com")
        assert list_api_keys()[0].last_used_at is None
        get_caller(key)
        assert list_api_keys()[0].last_used_at == NOW
        now.move_to(NOW.replace(second=59))
        get_caller(key)
        assert list_api_keys()[0].last_used_at == NOW
        now.move_to(NOW.replace(minute=2))
        get_caller(key)
        assert list_api_keys()[0].last_used_at == NOW.replace(minute=2)


def test_a_revoked_key_opens_nothing_and_says_so_only_to_who_has_it():
    key = create_api_key("Warehouse", "marketer", "ada@example.com")
    revoke_api_key(list_api_keys()[0].id, "eve@example.com")
    with pytest.raises(UnauthenticatedError) as revoked:
        get_caller(key)
    assert revoked.value.code == "revoked_key"
    with pytest.raises(UnauthenticatedError) as guessed:
        get_caller(key[:-1] + ("a" if key[-1] != "a" else "b"))
    assert guessed.value.code == "bad_key"
    with pytest.raises(NotFoundError):
        revoke_api_key(list_api_keys()[0].id, "eve@example.com")
    assert AuditEntry.objects.values_list("actor", "verb").first() == ("eve@example.com", "api_key.revoked")


@pytest.mark.parametrize("name, role", [("", "viewer"), ("x" * 101, "viewer"), ("Fine", "root")])
def test_a_key_needs_a_name_and_a_role_that_there_is(name, role):
    with pytest.raises(TenureError):
        create_api_key(name, role, "ada@example.com")
    assert not ApiKey.objects.exists()


def test_an_unknown_key_costs_the_same_work_as_a_wrong_secret(monkeypatch, django_assert_num_queries):
    key = create_api_key("Warehouse", "marketer", "ada@example.com")
    compared = []

    def compare(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return compare_digest(one, other)

    monkeypatch.setattr(api_keys.hmac, "compare_digest", compare)
    for guess in (key[:-3] + "???", "ak_000000000000_" + "x" * 43, "", "wk_other", "ä" * 300):
        with django_assert_num_queries(1), pytest.raises(UnauthenticatedError) as refused:
            get_caller(guess)
        assert refused.value.code == "bad_key"
    assert compared == [(64, 64)] * 5
