"""The list of transports, and how an address of a mail server is read."""

import pytest

from tenure.base.errors import TenureError
from tenure.channels import api
from tenure.channels.adapters.email_smtp import parse_smtp_url


@pytest.mark.parametrize("adapter", api.ADAPTERS, ids=lambda adapter: adapter.kind)
def test_each_adapter_opens_its_example_and_hides_the_password(adapter):
    transport = api.open_transport(adapter.example)
    assert transport.shown_url.partition("://")[0] in adapter.schemes
    assert "password" not in transport.shown_url and "password@" not in repr(transport)
    assert adapter.label and adapter.sentence.endswith(".") and adapter.channel


def test_kinds_and_schemes_are_unique():
    schemes = [scheme for adapter in api.ADAPTERS for scheme in adapter.schemes]
    assert len(schemes) == len(set(schemes))
    assert len({adapter.kind for adapter in api.ADAPTERS}) == len(api.ADAPTERS)


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "password"),
    [
        ("smtp://localhost", "localhost", 25, None, None),
        ("smtps://mail.example", "mail.example", 465, None, None),
        ("smtp+starttls://ann:p%40ss%2Fword@mail.example", "mail.example", 587, "ann", "p@ss/word"),
        ("smtp://[::1]:2525/", "::1", 2525, None, None),
    ],
)
def test_addresses_of_servers_are_read(url, host, port, user, password):
    server = parse_smtp_url(url)
    assert (server.host, server.port, server.user, server.password) == (host, port, user, password)
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://a:99999",
        "smtp://a:x",
        "smtp://a/b",
        "smtp://a?x=1",
    ],
)
def test_an_address_that_is_none_says_how_to_write_it(url):
    with pytest.raises(TenureError) as caught:
        api.open_transport(url)
    assert caught.value.code == "bad_transport_url" and "smtp" in caught.value.message
