"""Small alphabets, so that random rules and random histories collide."""

from datetime import datetime
from typing import Any

BASES = (
    datetime.fromisoformat("2026-03-27"),  # the clocks of Europe go forward on the 29th
    datetime.fromisoformat("2026-10-24"),  # and back on the 25th
    datetime.fromisoformat("2026-03-07"),  # those of America forward on the 8th
    datetime.fromisoformat("2024-02-27"),  # a leap day
    datetime.fromisoformat("2025-12-30"),
)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
ODD = 'it\'s "odd" – ü'
NAMES = ("Product Viewed", "Product Added", "Order Completed", ODD)
TEXTS = ("coffee", "tea", "cof", "5", ODD, "100%_")
NUMBERS: tuple[Any, ...] = (0, 1, 2, 2.5, -1, "2.5", 0.0001, 1000000, "1e1", 10)
JUNK: tuple[Any, ...] = (
    None,
    "junk",
    True,
    [],
    ["coffee", 5],
    {"city": "Wien"},
    "",
    " 5 ",
    "1_000",
    "Infinity",
    "NaN",
)
DAYS = (
    "2026-03-28",
    "2026-03-29T23:30:00Z",
    "2026-03-29T23:30:00-05:00",
    "1996-02-29",
    "1990-03-01",
    "1990-12-31",
    1774742400,
    "infinity",
    "2026-02-30",
    "epoch",
)
LISTS = ("fair", "club")
CAMPAIGNS = {"Spring": 7, "Autumn": 8}
FUNNEL = {"lead": 0, "trial": 1, "paying": 2}
PURPOSES = ("newsletter", "profiling")
