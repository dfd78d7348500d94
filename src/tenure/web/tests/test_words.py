"""Every word that a page explains is in the one glossary, and every icon exists."""

import re
from pathlib import Path

import pytest
from lucide import IconDoesNotExist
from lucide.templatetags.lucide import lucide

import tenure
from tenure.customers import sentences
from tenure.web.glossary import find_entry, list_entries, render_markdown
from tenure.web.templatetags.navigation import ITEMS
from tenure.web.templatetags.terms import term

PACKAGE = Path(tenure.__file__).parent
TEMPLATES = sorted(PACKAGE.glob("*/templates/**/*.html"))
DOCUMENT = PACKAGE.parents[1] / "docs" / "reference" / "glossary.md"


def test_every_term_in_every_template_has_an_entry():
    used = {
        (path.name, name) for path in TEMPLATES for name in re.findall(r'{% term "([^"]+)"', path.read_text())
    }
    assert len(used) > 20
    assert [(file, name) for file, name in sorted(used) if find_entry(name) is None] == []


def test_every_icon_exists():
    names = {name for path in TEMPLATES for name in re.findall(r'{% lucide "([^"]+)"', path.read_text())}
    names |= {name for path in TEMPLATES for name in re.findall(r'\bicon="([^"]+)"', path.read_text())}
    names |= {item.icon for item in ITEMS}
    names |= set(
        re.findall(r'(?:Sentence|_plain|_product|_mail)\("([\w-]+)"', Path(sentences.__file__).read_text())
    )
    assert len(names) > 30
    for name in names:
        assert lucide(name, size=16).startswith("<svg")


def test_an_unknown_icon_would_be_found():
    with pytest.raises(IconDoesNotExist):
        lucide("no-such-icon")


def test_no_template_has_inline_style_script_or_handlers():
    forbidden = re.compile(
        r'\sstyle="|<style|<script(?![^>]*\ssrc=)|\son\w+="|hx-on|="js:|href="javascript:', re.IGNORECASE
    )
    found = [(path.name, hit[0]) for path in TEMPLATES for hit in forbidden.finditer(path.read_text())]
    assert found == []


def test_a_term_opens_its_definition_without_a_script():
    html = term("paid order", "Paid orders")
    assert 'popovertarget="' in html
    assert "not refunded in full" in html
    assert "/glossary/#paid-order" in html
    ident = re.search(r'popovertarget="([^"]+)"', html)[1]
    assert f'id="{ident}" popover' in html


def test_an_unknown_term_is_left_plain_and_can_be_found():
    assert term("flux") == '<span data-term="flux">flux</span>'


def test_no_word_has_two_entries():
    names = [name.lower() for entry in list_entries() for name in (entry.term, *entry.also)]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_every_entry_is_a_sentence():
    for entry in list_entries():
        assert entry.definition[:1].isupper(), entry.term
        assert entry.definition.endswith("."), entry.term


def test_the_documentation_has_the_same_glossary():
    if not DOCUMENT.parent.is_dir():
        pytest.skip("installed without the documentation")
    assert DOCUMENT.read_text(encoding="utf-8") == render_markdown()


def test_the_glossary_page_lists_every_entry(viewer):
    page = viewer.get("/glossary/").content.decode()
    assert [entry.slug for entry in list_entries() if f'id="{entry.slug}"' not in page] == []
