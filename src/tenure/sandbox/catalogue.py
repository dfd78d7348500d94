"""What the simulated shop sells, and the pages it shows. All names are invented."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SHOP_NAME = "Kettle & Crumb"
SHOP_URL = "https://shop.example"


@dataclass(frozen=True)
class Category:
    """A kind of goods. `reorder_days` is how long one purchase lasts; what lasts long is bought rarely."""

    name: str
    slug: str
    reorder_days: float
    is_durable: bool
    products: tuple[tuple[str, float], ...]
    brands: tuple[str, str]


CATEGORIES = (
    Category(
        "Coffee beans",
        "coffee-beans",
        30,
        False,
        (
            ("House Blend 500 g", 11.90),
            ("Morning Espresso 500 g", 12.90),
            ("Ethiopia Guji 250 g", 10.50),
            ("Colombia Huila 250 g", 9.90),
            ("Decaf Swiss Water 500 g", 13.50),
            ("Espresso Forte 1 kg", 22.90),
        ),
        ("Kettle & Crumb", "Harbour Roast"),
    ),
    Category(
        "Tea",
        "tea",
        45,
        False,
        (
            ("Earl Grey 100 g", 7.90),
            ("Sencha 100 g", 9.50),
            ("Rooibos Vanilla 150 g", 6.90),
            ("Mountain Herbs 80 g", 6.50),
        ),
        ("Kettle & Crumb", "Leaf and Stone"),
    ),
    Category(
        "Pantry",
        "pantry",
        40,
        False,
        (
            ("Almond Biscotti 200 g", 6.20),
            ("Dark Chocolate 70 %", 4.50),
            ("Oat Drink, six packs", 12.60),
            ("Cane Sugar 500 g", 3.90),
            ("Wildflower Honey 350 g", 8.40),
        ),
        ("Kettle & Crumb", "Millbrook"),
    ),
    Category(
        "Brewing",
        "brewing",
        120,
        False,
        (
            ("Paper Filters, 200", 7.50),
            ("Hand Dripper", 21.90),
            ("French Press 1 l", 34.90),
            ("Moka Pot, 6 cups", 32.50),
            ("Milk Frother", 24.90),
        ),
        ("Slowdrip", "Ottendal"),
    ),
    Category(
        "Tableware",
        "tableware",
        180,
        True,
        (
            ("Stoneware Mug, set of 2", 24.90),
            ("Espresso Cups, set of 4", 29.90),
            ("Glass Carafe", 27.50),
        ),
        ("Claywork", "Ottendal"),
    ),
    Category(
        "Kitchen machines",
        "kitchen-machines",
        900,
        True,
        (
            ("Hand Grinder", 59.00),
            ("Electric Grinder", 119.00),
            ("Gooseneck Kettle", 89.00),
            ("Compact Espresso Machine", 189.00),
        ),
        ("Ottendal", "Brewline"),
    ),
)

INFORMATION_PAGES = (
    ("Home", "/"),
    ("Brewing guide", "/guide/brewing"),
    ("Our roastery", "/about"),
    ("Delivery and returns", "/help/delivery"),
    ("Gift ideas", "/gifts"),
)
FAVOURITE_SHARE = 0.6


class Catalogue:
    """The goods as arrays, products grouped by category."""

    @cached_property
    def category_of(self) -> np.ndarray:
        """Category index of each product."""
        return np.repeat(np.arange(len(CATEGORIES)), [len(c.products) for c in CATEGORIES])

    @cached_property
    def names(self) -> list[str]:
        return [name for category in CATEGORIES for name, _ in category.products]

    @cached_property
    def prices_in_cents(self) -> np.ndarray:
        return np.array([round(price * 100) for c in CATEGORIES for _, price in c.products], dtype=np.int64)

    @cached_property
    def is_durable(self) -> np.ndarray:
        """Whether each product is bought one at a time."""
        return np.array([c.is_durable for c in CATEGORIES])[self.category_of]

    @cached_property
    def popularity(self) -> np.ndarray:
        """Share of each product in all order lines of people without a favourite; sums to 1."""
        weights = np.array([1 / c.reorder_days for c in CATEGORIES])[self.category_of]
        return np.asarray(weights / weights.sum())

    @cached_property
    def category_shares(self) -> np.ndarray:
        return np.bincount(self.category_of, weights=self.popularity)

    def pick(self, favourites: np.ndarray, uniforms: np.ndarray, is_favourite: np.ndarray) -> np.ndarray:
        """Product indexes: from the favourite category where `is_favourite`, else from all, by popularity."""
        ends = np.cumsum(self.category_shares)
        low = np.where(is_favourite, ends[favourites] - self.category_shares[favourites], 0.0)
        width = np.where(is_favourite, self.category_shares[favourites], 1.0)
        picked = np.searchsorted(np.cumsum(self.popularity), low + uniforms * width, side="right")
        return np.minimum(picked, len(self.names) - 1)

    def compute_line_amount(self, favourites: np.ndarray, extra_units: np.ndarray) -> np.ndarray:
        """Expected amount of one order line, for people with a favourite category and `extra_units` on average."""
        prices = self.prices_in_cents / 100
        in_category = np.equal.outer(np.arange(len(CATEGORIES)), self.category_of) * self.popularity
        in_category = in_category / self.category_shares[:, None]
        consumable, durable = prices * ~self.is_durable, prices * self.is_durable
        weights = FAVOURITE_SHARE * in_category + (1 - FAVOURITE_SHARE) * self.popularity
        return np.asarray(
            (weights @ consumable)[favourites] * (1 + extra_units) + (weights @ durable)[favourites]
        )


CATALOGUE = Catalogue()
