"""The links of a mail's HTML: collected once per campaign, replaced by variables that are filled per person."""

import html as html_escapes
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from tenure.base.errors import TenureError
from tenure.base.words import shorten

HREF = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)("([^"]*)"|'([^']*)')""", re.IGNORECASE | re.DOTALL)
ANY_HREF = re.compile(r"""<[a-z][^>]*?\b(?:href|action)\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)""", re.IGNORECASE)
BLANK = re.compile(r"[\x00-\x20\x7f\u200b]+")
REFUSED_SCHEMES = ("javascript:", "vbscript:", "data:", "file:", "blob:")
UNSUBSCRIBE = re.compile(r"\{\{-?\s*unsubscribe_url\s*-?\}\}")
LINK_VARIABLE = "tenure_link_{}"
LIQUID_MARKS = ("{{", "{%")


@dataclass(frozen=True)
class LinkedHtml:
    """`html` with a variable in place of each followed link; `plain_html` with the addresses themselves."""

    html: str
    plain_html: str
    urls: tuple[str, ...]


def collect_links(source: str, campaign_slug: str) -> LinkedHtml:
    """Find the web links, tag them with UTM parameters and number them.

    An address with Liquid in it differs per person, so it is left alone: following it would need an open redirect.
    """
    urls: list[str] = []

    def put(match: re.Match[str], is_followed: bool) -> str:
        written = match.group(3) if match.group(3) is not None else match.group(4)
        address = html_escapes.unescape(written).strip()
        if any(mark in written for mark in LIQUID_MARKS) or not _is_web(address):
            return match.group(0)
        tagged = add_utm(address, campaign_slug)
        if not is_followed:
            return f'{match.group(1)}"{html_escapes.escape(tagged)}"'
        if tagged not in urls:
            urls.append(tagged)
        variable = LINK_VARIABLE.format(urls.index(tagged))
        return f'{match.group(1)}"{{{{ {variable} }}}}"'

    followed = HREF.sub(lambda match: put(match, True), source)
    plain = HREF.sub(lambda match: put(match, False), source)
    return LinkedHtml(followed, plain, tuple(urls))


def check_links(source: str) -> None:
    """Refuse links that run a script or open something that is no page. Errors: `bad_link`, with the line."""
    for match in ANY_HREF.finditer(source):
        address = html_escapes.unescape(match.group(1).strip("\"'"))
        if BLANK.sub("", address).lower().startswith(REFUSED_SCHEMES):
            line = source.count("\n", 0, match.start()) + 1
            message = (
                f"The link {shorten(address)} in line {line} of the body cannot be sent: mail programs block it. "
                "Link to a page with https://."
            )
            raise TenureError("bad_link", message, "body")


def list_untracked(source: str) -> tuple[str, ...]:
    """Links whose clicks are not counted since Liquid makes them a different address for each person."""
    found = [
        match.group(3) if match.group(3) is not None else match.group(4) for match in HREF.finditer(source)
    ]
    return tuple(
        dict.fromkeys(
            written
            for written in found
            if any(mark in written for mark in LIQUID_MARKS) and not UNSUBSCRIBE.fullmatch(written.strip())
        )
    )


def add_utm(url: str, campaign_slug: str) -> str:
    """Add utm_source, utm_medium and utm_campaign where the address does not have them already."""
    parts = urlsplit(url)
    present = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    wanted = {"utm_source": "tenure", "utm_medium": "email", "utm_campaign": campaign_slug}
    added = "&".join(f"{name}={quote(value)}" for name, value in wanted.items() if name not in present)
    if not added:
        return url
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
