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


def read_state(html: str) -> str:
    return re.search(r'name="state" value="(\w+)"', html)[1]


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
    state = read_state(page)
    fresh = read(viewer, f"/customers/{alice}/timeline/?after={last}&state={state}")
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


def tell(*told: events.NewEvent) -> None:
    events.append_batch(events.build_batch([one.as_row(one.occurred_at) for one in told]))


def order(user: str, number: str, **properties: object) -> events.NewEvent:
    return events.NewEvent(
        "track", "Order Completed", {"order_id": number, **properties}, clock.now(), user_id=user
    )


def test_a_live_order_brings_the_cards_along(alice, viewer):
    page = read(viewer, f"/customers/{alice}/")
    last = int(re.search(r'id="timeline-after" name="after" value="(\d+)"', page)[1])
    before = customers.get_customer(alice)
    tell(order("c8", "9001", total=5000, currency="EUR"))
    fresh = read(viewer, f"/customers/{alice}/timeline/?after={last}&state={read_state(page)}")
    assert "Placed order 9001" in fresh
    for part in ("profile", "phase-path", "write"):
        assert f'id="{part}" hx-swap-oob="true"' in fresh
    after = customers.get_customer(alice)
    assert (after.order_count, after.m) == (before.order_count + 1, 5)
    assert f"<dd>{after.order_count}</dd>" in fresh
    assert f"</span>{after.segment}</span>" in fresh
    assert read_state(fresh) != read_state(page)


def test_what_changes_no_card_leaves_the_cards_alone(alice, viewer):
    page = read(viewer, f"/customers/{alice}/")
    last = int(re.search(r'id="timeline-after" name="after" value="(\d+)"', page)[1])
    tell(events.NewEvent("page", "Home", {}, clock.now(), user_id="c8"))
    fresh = read(viewer, f"/customers/{alice}/timeline/?after={last}&state={read_state(page)}")
    assert 'id="profile"' not in fresh
    assert 'id="last-seen" hx-swap-oob="true"' in fresh


def test_viewers_are_not_offered_to_write_to_a_segment(alice, viewer, marketer):
    assert "Write to this segment" in read(marketer, f"/customers/{alice}/")
    assert "Write to this segment" not in read(viewer, f"/customers/{alice}/")


def test_one_customer_found_is_said_in_the_singular(shop, viewer):
    html = read(viewer, f"/customers/?q={customers.get_customer_by_identifier('c8').email}")
    assert "1 customer found" in html
    assert "1 to 1 of 1 customer<" in html


def test_what_is_known_is_shown_once_and_with_labels(services, viewer):
    traits = {
        "email": "zoe@example.com", "phone": "+491701234567", "firstName": "Zoe", "timezone": "Europe/Berlin",
        "address": {"city": "Kiel", "country": "DE"}, "createdAt": "2026-01-05T10:30:00Z", "favourite_bean": "Guji",
    }  # fmt: skip
    tell(events.NewEvent("identify", None, traits, clock.now(), user_id="zoe"))
    html = read(viewer, f"/customers/{customers.find_customer_id('zoe')}/")
    for label, text in (("City", "Kiel"), ("Created", "5 Jan 2026, 10:30 UTC"), ("Favourite bean", "Guji")):
        assert f"<dt>{label}</dt><dd>{text}</dd>" in html
    assert html.count("<dd>DE</dd>") == html.count("<dd>Europe/Berlin</dd>") == 1
    assert html.count("zoe@example.com</dd>") == 1


def test_the_page_names_the_company(services, viewer):
    for name, traits in (("alice", {"company": {"id": "acme", "name": "Acme Ltd"}}), ("bob", {})):
        tell(events.NewEvent("identify", None, traits, clock.now(), user_id=name))
        page = read(viewer, f"/customers/{customers.find_customer_id(name)}/")
        assert ("<dd>Acme Ltd</dd>" in page) == (name == "alice")


def test_orders_in_two_currencies_are_added_and_the_page_says_so(services, viewer):
    tell(order("eva", "1", total=10, currency="EUR"), order("uma", "2", total=20, currency="USD"))
    tell(order("both", "3", total=1, currency="EUR"), order("both", "4", total=2, currency="USD"))
    eva, both = (read(viewer, f"/customers/{customers.find_customer_id(name)}/") for name in ("eva", "both"))
    assert "€10.00" in eva and "added as they are" not in eva
    assert "Amounts in EUR and USD are" in both and '<dd class="strong">3.00</dd>' in both
    for path in ("/", "/lifecycle/"):
        assert "Amounts in EUR and USD are" in read(viewer, path)
    assert "€" not in read(viewer, "/lifecycle/")


def test_an_unknown_currency_has_no_sign_unless_it_was_set(services, viewer, monkeypatch):
    monkeypatch.delenv("TENURE_CURRENCY", raising=False)
    tell(order("eva", "1", total=10))
    path = f"/customers/{customers.find_customer_id('eva')}/"
    assert '<dd class="strong">10.00</dd>' in read(viewer, path)
    monkeypatch.setenv("TENURE_CURRENCY", "GBP")
    assert '<dd class="strong">£10.00</dd>' in read(viewer, path)


def test_why_is_said_plainly_with_the_rule_at_hand(alice, viewer):
    html = read(viewer, f"/customers/{alice}/")
    why = re.search(r"Why here</dt><dd>([^<]+)<details", html)[1]
    assert "score of" not in why and why.endswith(".")
    assert "<summary>The rule</summary>" in html
