"""What the data has: events, their properties and values, attributes. For autocomplete and for warnings."""

from collections.abc import Mapping

from tenure.lake import api as lakes
from tenure.lake.api import Lake

SAMPLE_ROWS = 2_000
STALE_SECONDS = 30.0


def list_events(lake: Lake) -> list[str]:
    """The names of events in the lake, most frequent first."""

    def ask() -> list[str]:
        with lake.reading() as reader:
            rows = reader.execute(
                "SELECT CASE type WHEN 'track' THEN event WHEN 'page' THEN 'Page Viewed' ELSE 'Screen Viewed' END AS name, "
                "count(*) AS n FROM events WHERE type IN ('track', 'page', 'screen') GROUP BY 1 ORDER BY 2 DESC LIMIT 500"
            ).fetchall()
        return [row[0] for row in rows if row[0]]

    return lake.answers.get(("segments", "events seen"), ask, STALE_SECONDS)


def list_properties(lake: Lake, event: str) -> list[str]:
    """The properties that the latest events of a name have."""

    def ask() -> list[str]:
        condition = lakes.build_name_condition(lakes.DUCKDB, event)
        with lake.reading() as reader:
            rows = reader.execute(
                f"SELECT DISTINCT unnest(json_keys(properties)) FROM (SELECT properties FROM events WHERE {condition} "
                f"ORDER BY seq DESC LIMIT {SAMPLE_ROWS})"
            ).fetchall()
        return sorted(row[0] for row in rows)

    return lake.answers.get(("segments", "properties seen", event), ask, STALE_SECONDS)


def list_attributes(lake: Lake) -> list[str]:
    """The traits that customers have, most of them first."""

    def ask() -> list[str]:
        with lake.reading() as reader:
            rows = reader.execute(
                "SELECT key, count(*) FROM (SELECT unnest(json_keys(traits)) AS key FROM (SELECT traits FROM customers "
                f"WHERE traits IS NOT NULL LIMIT {SAMPLE_ROWS * 10})) GROUP BY 1 ORDER BY 2 DESC LIMIT 200"
            ).fetchall()
        return [row[0] for row in rows]

    return lake.answers.get(("segments", "attributes seen"), ask, STALE_SECONDS)


MOST_VALUES = 40
_PRODUCT_COLUMNS = {
    "product": "product_id", "sku": "sku", "name": "name", "category": "category", "brand": "brand", "variant": "variant",
}  # fmt: skip
_OFFERED = ("country", "timezone")


def list_property_values(lake: Lake, event: str, name: str) -> list[str]:
    """The values of a property in the latest events of a name, most frequent first."""
    value = lakes.build_property(lake.dialect, name, "text")
    condition = lakes.build_name_condition(lake.dialect, event)
    rows = f"SELECT {value} AS value FROM (SELECT properties FROM events WHERE {condition} ORDER BY seq DESC LIMIT {SAMPLE_ROWS}) AS latest"
    return _list_values(lake, ("property values", event, name), rows)


def list_attribute_values(lake: Lake, name: str, own: Mapping[str, str]) -> list[str]:
    """The values of a trait, most frequent first. Of what Tenure keeps itself (`own`) only those that few values have."""
    if name in own:
        rows = f"SELECT {name} AS value FROM customers" if name in _OFFERED else ""
    else:
        value = lakes.build_value(lake.dialect, "traits", name, "text")
        rows = f"SELECT {value} AS value FROM (SELECT traits FROM customers WHERE traits IS NOT NULL LIMIT {SAMPLE_ROWS * 10}) AS first_ones"
    return _list_values(lake, ("attribute values", name), rows) if rows else []


def list_products(lake: Lake, of: str) -> list[str]:
    """Product numbers, names, categories, ... in order lines, most frequent first."""
    column = _PRODUCT_COLUMNS.get(of)
    return (
        _list_values(lake, ("products", of), f"SELECT {column} AS value FROM order_lines") if column else []
    )


def list_reasons(lake: Lake) -> list[str]:
    """Why campaigns left customers out."""
    return _list_values(lake, ("reasons",), "SELECT reason AS value FROM decisions WHERE outcome = 'skipped'")


def _list_values(lake: Lake, key: tuple[str, ...], rows: str) -> list[str]:
    def ask() -> list[str]:
        with lake.reading() as reader:
            found = reader.execute(
                f"SELECT value, count(*) AS n FROM ({rows}) AS shown WHERE value IS NOT NULL AND length(value) BETWEEN 1 AND 200 "
                f"GROUP BY value ORDER BY n DESC, value LIMIT {MOST_VALUES}"
            ).fetchall()
        return [str(row[0]) for row in found]

    return lake.answers.get(("segments", *key), ask, STALE_SECONDS)
