"""The list of customers and the single customer view."""

import re

import pytest

from tenure.base import clock
from tenure.base.models import AuditEntry
from tenure.customers import api as customers
from tenure.events import api as events


@pytest.fixture
def alice(shop) -> int:
    """A customer with an address and orders."""
    return customers.find_customer_id("c8")


def read(client, path: str, **headers: str) -> str:
    return client.get(path, headers=headers).content.decode()


def names(html: str) -> list[str]:
    return re.findall(r'href="/customers/\d+/">([^<]+)<', html)


def test_the_list_is_searched_narrowed_sorted_and_paged(shop, viewer):
    assert all("Ada" in name for name in names(read(viewer, "/customers/?q=ada")))
    champions = read(viewer, "/customers/?segment=Champions&segment=Loyal+Customers")
    assert set(re.findall(r"(\w[\w -]+)</span></td>", champions)) <= {"Champions", "Loyal Customers"}
    revenues = re.findall(r'<td class="num">€([\d,.]+)</td>', read(viewer, "/customers/?sort=revenue"))
    assert revenues == sorted(revenues, key=lambda text: -float(text.replace(",", "")))
    first, second = names(read(viewer, "/customers/")), names(read(viewer, "/customers/?page=2"))
    assert len(first) == len(second) == 50
    assert "51 to 100 of 260" in read(viewer, "/customers/?page=2")


def test_a_cell_of_the_heat_map_leads_to_exactly_its_customers(shop, viewer):
    map_html = read(viewer, "/lifecycle/")
    href, number = re.search(r'href="(/customers/\?r=\d&amp;f=\d)"[^>]*><b>(\d+)</b>', map_html).groups()
    assert f"of {number} customers" in read(viewer, href.replace("&amp;", "&"))


@pytest.mark.parametrize(
    "query", ["page=0", "page=abc", "page=99999999999", "sort=nonsense", "r=9&f=1", "q=%25%27", "segment=x"]
)
def test_nonsense_in_the_address_does_no_harm(services, viewer, query):
    assert viewer.get(f"/customers/?{query}").status_code == 200


def test_htmx_gets_the_list_alone(shop, viewer):
    html = read(viewer, "/customers/", **{"HX-Request": "true"})
    assert "<html" not in html
    assert len(names(html)) == 50


def test_the_export_has_the_filtered_customers_and_is_audited(shop, marketer):
    response = marketer.get("/customers/export.csv?segment=Champions")
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0].startswith("customer_id,name,email")
    assert lines[1:]
    assert all(",Champions,Veneration," in line for line in lines[1:])
    assert AuditEntry.objects.filter(verb="customers.exported").exists()


def test_a_formula_in_a_name_is_not_run_by_a_spreadsheet(services, marketer):
    told = events.NewEvent("identify", None, {"name": "=1+1"}, clock.now(), user_id="x")
    events.append_batch(events.build_batch([told.as_row(told.occurred_at)]))
    assert b"'=1+1" in b"".join(marketer.get("/customers/export.csv").streaming_content)


def test_the_customer_page_says_who_what_and_why(alice, viewer):
    html = read(viewer, f"/customers/{alice}/")
    assert 'aria-current="step"' in html
    assert "Why here" in html
    assert "of 5. Bought" in html
    assert "Placed order 8-0" in html
    assert "Became known" in html
    assert 'May be written to</dt><dd><span class="good">yes' in html


def test_a_suppressed_address_is_told(alice, viewer):
    customers.suppress("email", customers.get_customer(alice).email, "manual")
    assert 'data-term="suppressed"' in read(viewer, f"/customers/{alice}/")


def test_a_visitor_has_no_scores_and_the_page_says_so(shop, viewer):
    html = read(viewer, f"/customers/{customers.find_customer_id('c7')}/")
    assert "only customers with a" in html


def test_only_what_is_new_comes_after_a_sequence_number(alice, viewer):
    page = read(viewer, f"/customers/{alice}/")
    last = int(re.search(r'id="timeline-after" name="after" value="(\d+)"', page)[1])
    assert "<li" not in read(viewer, f"/customers/{alice}/timeline/?after={last}")
    now = clock.now()
    told = events.NewEvent("track", "Cart Viewed", {}, now, user_id="c8")
    events.append_batch(events.build_batch([told.as_row(now)]))
    fresh = read(viewer, f"/customers/{alice}/timeline/?after={last}")
    assert fresh.count("<li") == 1
    assert "Looked at the cart" in fresh
    assert int(re.search(r'value="(\d+)"', fresh)[1]) > last


def test_older_events_load_until_there_are_none(services, viewer):
    now = clock.now()
    told = [
        events.NewEvent("page", f"P{n}", {}, now, user_id="x", message_id=f"p{n}").as_row(now)
        for n in range(120)
    ]
    events.append_batch(events.build_batch(told))
    ident = customers.find_customer_id("x")
    html, seen = read(viewer, f"/customers/{ident}/"), 0
    while True:
        seen += html.count('<span class="icon')
        more = re.search(r'hx-get="([^"]+before=[^"]+)"', html)
        if not more:
            break
        html = read(viewer, more[1].replace("&amp;", "&"))
    assert seen == 120


@pytest.mark.parametrize(
    "query", ["", "before=yesterday&seq=1", "before=2026-01-01T00:00:00&seq=1", "after=-1"]
)
def test_a_place_in_the_timeline_that_makes_no_sense_is_refused(services, viewer, query):
    assert viewer.get(f"/customers/1/timeline/?{query}").status_code == 400
