"""Amounts of money, shown to people."""

from decimal import ROUND_HALF_EVEN, Decimal

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "CHF": "CHF ", "SEK": "SEK "}


def format_amount(amount: Decimal | float | int | None, currency: str, decimals: int = 2) -> str:
    """`1234.5, "EUR"` to "€1,234.50"; None to an en dash, because unknown is not 0."""
    if amount is None:
        return "–"
    places = Decimal(1).scaleb(-decimals)
    value = Decimal(str(amount)).quantize(places, rounding=ROUND_HALF_EVEN)
    symbol = SYMBOLS.get(currency.upper(), f"{currency.upper()} " if currency else "")
    sign = "-" if value < 0 else ""
    return f"{sign}{symbol}{abs(value):,}"
