"""What the data has: events, their properties and values, attributes. For autocomplete and for warnings."""

from tenure.lake import api as lakes
from tenure.lake.api import Lake

SAMPLE_ROWS = 2_000
STALE_SECONDS = 300.0


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
