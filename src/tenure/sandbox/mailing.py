"""Mails that were really sent, as the simulated shop's people receive them."""

import json
from dataclasses import dataclass

import pyarrow as pa

MAILING_ROWS = pa.schema(
    [
        pa.field("external_id", pa.string(), nullable=False),
        pa.field("delivery_id", pa.int64()),
        pa.field("sent_at", pa.timestamp("us"), nullable=False),
        pa.field("is_by_http", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Mailing:
    """One campaign's mails.

    `sent` has the schema MAILING_ROWS, one row per mail, times naive UTC. Those with `is_by_http` answer through the
    links in their mail, so that their opens, clicks and unsubscribes are not written as events here.
    """

    campaign_id: int
    campaign_name: str
    subject: str
    link_url: str
    sent: pa.Table

    def build_json_sql(self) -> tuple[str, str]:
        """SQL over `sent`: a message event's properties without the closing brace, and the link to append."""
        name, subject, link = (_quote(text) for text in (self.campaign_name, self.subject, self.link_url))
        begin = (
            f'\'{{"campaign_id":{self.campaign_id},"campaign_name":{name},"email_subject":{subject}\''
            """ || coalesce(',"delivery_id":' || delivery_id, '') || ',"is_bot":false'"""
        )
        return begin, f"""',"link_url":{link}'"""


def _quote(text: str) -> str:
    """A JSON string, to stand in a SQL string."""
    return json.dumps(text, ensure_ascii=False).replace("'", "''")
