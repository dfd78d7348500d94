"""All kinds of transport. A new kind is a folder here and a line in `ADAPTERS`."""

from tenure.base.errors import TenureError
from tenure.channels.adapters.base import Adapter, Transport
from tenure.channels.adapters.email_smtp import EMAIL_SMTP

ADAPTERS: tuple[Adapter, ...] = (EMAIL_SMTP,)


def open_transport(url: str, timeout_seconds: float = 30.0) -> Transport:
    """Open the transport that a URL names. Errors: `bad_transport_url`."""
    scheme = url.partition("://")[0].lower()
    for adapter in ADAPTERS:
        if scheme in adapter.schemes:
            return adapter.open(url, timeout_seconds)
    known = ", ".join(f"{name}://" for adapter in ADAPTERS for name in adapter.schemes)
    raise TenureError("bad_transport_url", f"{scheme!r} is no known kind of transport. Use {known}.", "url")
