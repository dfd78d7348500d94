"""Between HTML and plain text, on template sources: Liquid in them stays untouched."""

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser

LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
TAG = re.compile(r"<(?:/?[a-z][a-z0-9-]*(?:\s[^<>]*)?/?>|!--|!doctype)", re.IGNORECASE)
PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")
ADDRESS = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
TRAILING = ".,;:!?)"

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "div",
        "dl",
        "dd",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
PARAGRAPHS = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "ul", "ol"])
HIDDEN = frozenset(("head", "style", "script", "title", "template"))


def is_html(source: str) -> bool:
    """Whether a body is written in HTML rather than as plain text."""
    return bool(TAG.search(LIQUID.sub("", source)))


def body_to_html(source: str) -> str:
    """HTML as given; plain text as paragraphs with line breaks and clickable web addresses."""
    if is_html(source):
        return source
    pieces: list[str] = []
    text = _hide_liquid(source.replace("\r\n", "\n").strip(), pieces)
    blocks = [block for block in re.split(r"\n[ \t]*\n+", text) if block.strip()]
    return _show_liquid("\n".join(_paragraph(block, pieces) for block in blocks), pieces)


def html_to_text(source: str) -> str:
    """The plain-text part of an HTML body: links with their address, lists with dashes, blocks on lines."""
    pieces: list[str] = []
    reader = _TextReader()
    reader.feed(_hide_liquid(source, pieces))
    reader.close()
    return _show_liquid(reader.text(), pieces)


def _paragraph(block: str, pieces: list[str]) -> str:
    lines = html.escape(block.strip(), quote=False).split("\n")
    is_text = [not _holds_only_tags(line, pieces) for line in lines]
    if not any(is_text):
        return block.strip()
    last = max(number for number, text in enumerate(is_text) if text)
    shown = [
        ADDRESS.sub(_link, line) + ("<br>" if is_text[number] and number < last else "")
        for number, line in enumerate(lines)
    ]
    return "<p>" + "\n".join(shown) + "</p>"


def _holds_only_tags(line: str, pieces: list[str]) -> bool:
    numbers = [int(number) for number in PLACEHOLDER.findall(line)]
    return not PLACEHOLDER.sub("", line).strip() and all(pieces[n].startswith("{%") for n in numbers)


def _link(match: re.Match[str]) -> str:
    address = match.group(0)
    kept = address.rstrip(TRAILING)
    if kept.count("(") > kept.count(")") and address[len(kept) :].startswith(")"):
        kept += ")"
    return f'<a href="{kept}">{kept}</a>{address[len(kept) :]}'


def _hide_liquid(source: str, pieces: list[str]) -> str:
    def keep(match: re.Match[str]) -> str:
        piece = match.group(0)
        if piece not in pieces:
            pieces.append(piece)
        return f"\ue000{pieces.index(piece)}\ue001"

    return LIQUID.sub(keep, source.replace("\ue000", "").replace("\ue001", ""))


def _show_liquid(text: str, pieces: list[str]) -> str:
    put_back: Callable[[re.Match[str]], str] = lambda match: pieces[int(match.group(1))]  # noqa: E731
    return PLACEHOLDER.sub(put_back, text)


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._hidden: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._preformatted = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._hidden.append(tag)
            return
        values = dict(attributes)
        if tag == "br":
            self._out.append("\n")
        elif tag == "hr":
            self._out.append("\n\n---\n\n")
        elif tag == "li":
            self._out.append("\n- ")
        elif tag == "img":
            self._out.append(values.get("alt") or "")
        elif tag in ("td", "th"):
            self._out.append(" ")
        elif tag == "a":
            self._links.append(((values.get("href") or "").strip(), len(self._out)))
        elif tag in BLOCKS:
            self._break(tag)
        if tag == "pre":
            self._preformatted += 1

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.pop()
            return
        if tag == "a" and self._links:
            self._close_link(*self._links.pop())
        elif tag in BLOCKS:
            self._break(tag)
        if tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._out.append(data if self._preformatted else re.sub(r"[ \t\r\n\f]+", " ", data))

    def text(self) -> str:
        lines = [re.sub(r"[ \t]+", " ", line).strip(" ") for line in "".join(self._out).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"

    def _break(self, tag: str) -> None:
        self._out.append("\n\n" if tag in PARAGRAPHS else "\n")

    def _close_link(self, address: str, start: int) -> None:
        label = "".join(self._out[start:]).strip()
        if not address or address.startswith("#") or address in (label, f"mailto:{label}"):
            return
        self._out.append(f" ({address})" if label else address)
