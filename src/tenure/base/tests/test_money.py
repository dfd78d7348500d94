from decimal import Decimal

import pytest

from tenure.base.money import format_amount


@pytest.mark.parametrize(
    ("amount", "currency", "decimals", "text"),
    [
        (1234.5, "EUR", 2, "€1,234.50"),
        (Decimal("-3.005"), "usd", 2, "-$3.00"),
        (1_000_000, "GBP", 0, "£1,000,000"),
        (5, "NOK", 2, "NOK 5.00"),
        (0, "", 2, "0.00"),
    ],
)
def test_an_amount_is_shown_with_its_currency(amount: float, currency: str, decimals: int, text: str) -> None:
    assert format_amount(amount, currency, decimals) == text


def test_an_unknown_amount_is_not_shown_as_zero() -> None:
    assert format_amount(None, "EUR") == "–"
