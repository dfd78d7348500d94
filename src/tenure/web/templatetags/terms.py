"""`{% term "paid order" %}`: a word with its definition a key press away."""

from itertools import count

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenure.web.glossary import find_entry

register = template.Library()
_numbers = count(1)


@register.simple_tag
def term(name: str, text: str = "") -> SafeString:
    """The word (or `text` in its place) as a button that opens its definition; needs no script."""
    entry = find_entry(name)
    shown = text or name
    if entry is None:
        return format_html('<span data-term="{}">{}</span>', name, shown)
    ident = f"term-{next(_numbers)}"
    detail = format_html("<small>{}</small>", entry.detail) if entry.detail else ""
    return format_html(
        '<button type="button" class="term" data-term="{}" popovertarget="{}">{}</button>'
        '<span class="definition" id="{}" popover><b>{}</b>{}{} <a href="/glossary/#{}">In the glossary</a></span>',
        entry.term,
        ident,
        shown,
        ident,
        entry.term[:1].upper() + entry.term[1:],
        entry.definition,
        detail,
        entry.slug,
    )
