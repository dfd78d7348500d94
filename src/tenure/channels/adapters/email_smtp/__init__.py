"""E-mail through an SMTP server."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from tenure.base.errors import TenureError
from tenure.channels.adapters.email_smtp.transport import SmtpServer, SmtpTransport

PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True)
class EmailSmtp:
    """smtp:// takes TLS where the server offers it; smtp+starttls:// insists; smtps:// starts with it."""

    kind: str = "email_smtp"
    channel: str = "email"
    label: str = "E-mail by SMTP"
    sentence: str = "Hands each mail to an SMTP server, over a few connections that stay open."
    schemes: tuple[str, ...] = ("smtp", "smtps", "smtp+starttls")
    example: str = "smtp+starttls://user:password@smtp.example.com:587"

    def open(self, url: str, timeout_seconds: float) -> SmtpTransport:
        return SmtpTransport(parse_smtp_url(url), timeout_seconds)


def parse_smtp_url(url: str) -> SmtpServer:
    """`smtp://user:pass@host:port`; special characters in user and password percent-encoded.

    Errors: `bad_transport_url`.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise _bad_url(str(error)) from error
    if parts.scheme not in PORTS:
        raise _bad_url(f"it starts with {parts.scheme or 'nothing'}://")
    if not parts.hostname or port == 0:
        raise _bad_url("it names no host" if not parts.hostname else "port 0 is no port")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _bad_url("nothing may follow the port")
    return SmtpServer(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        security=parts.scheme,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _bad_url(reason: str) -> TenureError:
    return TenureError(
        "bad_transport_url",
        f"The address of the mail server is not valid: {reason}. Write it like {EmailSmtp.example}",
        "url",
    )


EMAIL_SMTP = EmailSmtp()
