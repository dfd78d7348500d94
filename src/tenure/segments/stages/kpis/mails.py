"""Figures of mails."""

from typing import Any

from tenure.lake import api as lakes
from tenure.segments.compiling.moments import write_moment
from tenure.segments.stages.kpis.base import Kpi, KpiValue, Period, Setting, divide, find_staleness

_SENT, _CLICKED = "Email Sent", "Email Link Clicked"


def read_mails(period: Period) -> dict[str, Any]:
    """sent_count, and clicked_count: of them those with a click by a person, at any time after."""
    lake = lakes.current()

    def read() -> dict[str, Any]:
        start, end = (f"TIMESTAMP '{write_moment(at)}'" for at in (period.from_at, period.until_at))
        sql = (
            f"SELECT count(*) AS sent_count, count(clicked.mail) AS clicked_count FROM ({_list_mails(_SENT)}) AS sent "
            f"LEFT JOIN (SELECT DISTINCT mail FROM ({_list_mails(_CLICKED)}) AS clicks WHERE is_bot IS DISTINCT FROM 'true') "
            f"AS clicked ON clicked.mail = sent.mail WHERE sent.occurred_at >= {start} AND sent.occurred_at < {end}"
        )
        with lake.heavy(), lake.reading() as reader:
            rows: list[dict[str, Any]] = reader.execute(sql).to_arrow_table().to_pylist()
        return rows[0]

    row: dict[str, Any] = lake.answers.get(("kpi", "mails", period), read, find_staleness(period))
    return row


def _list_mails(event: str) -> str:
    """By delivery where it is named; else one campaign mails a customer once."""
    columns = [("delivery_id", "text"), ("email_id", "text"), ("campaign_id", "text"), ("is_bot", "text")]
    rows = lakes.build_event_rows(lakes.DUCKDB, event, columns)
    return (
        "SELECT occurred_at, c3 AS is_bot, coalesce('delivery ' || c0, coalesce(c1, c2, '') || ' to ' || "
        f"CAST(customer_id AS VARCHAR)) AS mail FROM ({rows}) AS mails"
    )


class ClickThroughRate(Kpi):
    id, title, unit = "click-through-rate", "Click-through rate", "share"
    formula = "Mails sent in the period of which a link was clicked by a person, of all mails sent in it."
    source = "Email Sent and Email Link Clicked, clicks of machines left out."
    parts = ("clicked", "sent")

    def compute(self, period: Period, setting: Setting) -> KpiValue:
        row = read_mails(period)
        return divide(row["clicked_count"], row["sent_count"], "No mails were sent in this time.")
