"""Every KPI on a small business told event by event: the numbers behind it, and no figure where there is none."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tenure.base import clock
from tenure.events import api as events
from tenure.segments import api as segments
from tenure.segments.stages import library
from tenure.segments.stages.kpis import BY_ID, KPIS, KpiValue, Period
from tenure.segments.stages.kpis.base import last_days
from tenure.segments.stages.library import PRESETS
from tenure.segments.stages.model import KpiSetting
from tenure.segments.stages.tests.shop import append, fill, tell

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))


def on(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def order(user: str, number: int, at: datetime, total: int) -> events.NewEvent:
    return tell(user, "track", "Order Completed", at, number, order_id=f"{user}-{number}", total=total)


def visit(user: str, number: int, at: datetime, minutes: int) -> list[events.NewEvent]:
    return [
        tell(user, "page", "Home", at, number),
        tell(user, "page", "Shop", at + timedelta(minutes=minutes), number + 1),
    ]


@pytest.fixture
def june(services: object) -> object:
    """ada visits in May, buys twice in June; bob bought in May, not in June; cleo only looks; dan is back after long."""
    told = [
        *visit("ada", 0, on(5, 20), 10),
        order("ada", 10, on(6, 9, 10), 40),
        order("ada", 11, on(6, 20), 60),
        tell("ada", "track", "Product Reviewed", on(6, 21), 12),
        order("bob", 0, on(5, 10), 30),
        *visit("cleo", 0, on(6, 2), 4),
        tell("cleo", "identify", None, on(6, 2, 11), 2, email="cleo@example.com"),
        tell("cleo", "track", "Checkout Started", on(6, 2, 11), 3),
        order("dan", 0, datetime(2025, 9, 1, tzinfo=UTC), 10),
        order("dan", 1, on(6, 5), 20),
        tell("bob", "track", "Email Sent", on(6, 3), 20, delivery_id=1),
        tell("bob", "track", "Email Link Clicked", on(6, 3, 11), 21, delivery_id=1, is_bot=True),
        tell("ada", "track", "Email Sent", on(6, 3), 22, delivery_id=2),
        tell("ada", "track", "Email Link Clicked", on(6, 3, 11), 23, delivery_id=2, is_bot=False),
        tell("ada", "track", "Email Link Clicked", on(6, 3, 12), 24, delivery_id=2, is_bot=False),
    ]
    with clock.virtual(NOW):
        append(told)
        segments.refresh()
    return services


def compute(name: str, period: Period = JUNE, **setting: object) -> KpiValue:
    with clock.virtual(NOW):
        return BY_ID[name].compute(period, KpiSetting.model_validate({"id": name, **setting}))


def parts(found: KpiValue) -> tuple[Decimal | None, Decimal | None]:
    return (found.numerator, found.denominator)


@pytest.mark.usefixtures("june")
def test_figures_of_customers() -> None:
    assert parts(compute("conversion-rate")) == (1, 2)
    assert compute("conversion-rate").value == Decimal("0.5")
    assert (compute("time-to-first-purchase").value, compute("time-to-first-purchase").n) == (
        Decimal("20"),
        1,
    )
    assert parts(compute("contact-rate")) == (1, 1)
    assert compute("first-seen").value == 1
    assert compute("relationship-length").n == 2
    assert round(compute("relationship-length").value or 0) in (143, 144)


@pytest.mark.usefixtures("june")
def test_the_acquisition_cost_is_not_guessed() -> None:
    assert compute("acquisition-cost").value is None
    assert "cost is not known" in compute("acquisition-cost").reason
    known = compute("acquisition-cost", monthly_cost=Decimal("304.37"))
    assert known.denominator == 1
    assert known.value == Decimal("304.37") * 30 / Decimal("30.4375")


@pytest.mark.usefixtures("june")
def test_figures_of_orders() -> None:
    assert parts(compute("repeat-purchase-rate")) == (2, 2)
    assert parts(compute("churn-rate")) == (1, 1)
    assert parts(compute("win-back-rate")) == (1, 1)
    assert parts(compute("average-order-value")) == (120, 3)
    assert compute("orders-per-customer").value == Decimal("1.5")
    assert compute("revenue").value == 120
    assert parts(compute("customer-value")) == (160, 3)
    assert compute("loyal-revenue-share").denominator == 120


@pytest.mark.usefixtures("june")
def test_figures_of_behaviour() -> None:
    assert parts(compute("advocate-share")) == (1, 2)
    assert compute("event-count").value == 1
    assert compute("active-customers").value == 2
    assert parts(compute("return-rate")) == (2, 2)
    assert parts(compute("checkout-rate")) == (0, 1)
    assert compute("checkout-rate").value == 0
    assert parts(compute("churn-rate", events=["Order Completed"])) == (1, 1)
    assert parts(compute("activation-rate", within_days=25)) == (2, 3)
    assert compute("time-to-first-use", events=["Checkout Started"]).n == 1


@pytest.mark.usefixtures("june")
def test_clicks_of_machines_and_second_clicks_do_not_count() -> None:
    assert parts(compute("click-through-rate")) == (1, 2)


@pytest.mark.usefixtures("june")
def test_figures_of_visits() -> None:
    found = compute("visits", Period(date(2026, 5, 1), date(2026, 5, 31)))
    assert found.value == 2
    assert compute("reach").value is not None
    assert parts(compute("time-on-site", Period(date(2026, 5, 1), date(2026, 5, 31)))) == (10, 2)


def test_in_an_empty_lake_no_figure_is_made_up(services: object) -> None:
    for kpi in KPIS:
        found = compute(kpi.id)
        assert found.value is None, kpi.id
        assert found.reason, kpi.id


def test_each_kpi_says_how_it_is_computed_and_from_what() -> None:
    for kpi in KPIS:
        assert kpi.title and kpi.formula.endswith(".") and kpi.source.endswith("."), kpi.id
    assert len(BY_ID) == len(KPIS)


def test_each_stage_of_every_preset_has_a_key_figure_from_the_data(services: object) -> None:
    with clock.virtual(NOW):
        fill()
        period = last_days()
        for name in PRESETS:
            for stage in library.get_model_preset(name).stages:
                values = [BY_ID[one.id].compute(period, one).value for one in stage.kpis]
                assert any(value is not None for value in values), f"{name}: {stage.name}"
        for stage in library.get_model("lifecycle").model.stages:
            values = [BY_ID[one.id].compute(period, one).value for one in stage.kpis]
            assert any(value is not None for value in values), stage.name
