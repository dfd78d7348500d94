"""The companies that customers belong to: the latest call wins, for her (of several at one moment the greater id) and for
each of the company's traits.

`group` calls tell of them, and the trait `company` (id, name and more) of `identify` calls.
"""

import json
from dataclasses import dataclass
from typing import Any

import ibis

from tenure.events.api import RESOLVED
from tenure.lake import api as lakes
from tenure.lake.api import Transaction

TELLS_OF_COMPANY = (
    "(type = 'group' OR (type = 'identify' AND nullif(trim(properties ->> '$.company.id'), '') IS NOT NULL))"
)
_TOLD = (
    "SELECT customer_id, group_id, properties, occurred_at, seq "
    f"FROM {RESOLVED} WHERE type = 'group' AND group_id IS NOT NULL AND customer_id IS NOT NULL UNION ALL "
    "SELECT customer_id, trim(properties ->> '$.company.id') AS group_id, properties ->> '$.company' AS properties, "
    f"occurred_at, seq FROM {RESOLVED} WHERE type = 'identify' AND customer_id IS NOT NULL AND {TELLS_OF_COMPANY}"
)
_OF_BATCH = "batch_companies"


@dataclass(frozen=True)
class Company:
    """A customer's company."""

    id: str
    traits: dict[str, Any]

    @property
    def title(self) -> str:
        name = self.traits.get("name")
        return name if isinstance(name, str) and name.strip() else self.id


def fold_companies(tx: Transaction) -> None:
    """Bring companies and who belongs to them up to the batch, which tells of one at least."""
    tx.execute(f"CREATE OR REPLACE TEMP TABLE {_OF_BATCH} AS {_TOLD}")
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE joined_companies AS SELECT customer_id, "
        f"arg_max(group_id, (occurred_at, group_id)) AS company_id, max(occurred_at) AS since_at FROM {_OF_BATCH} GROUP BY 1"
    )
    tx.execute(
        "DELETE FROM joined_companies WHERE EXISTS (SELECT 1 FROM customer_companies AS known "
        "WHERE known.customer_id = joined_companies.customer_id AND (known.since_at > joined_companies.since_at "
        "OR (known.since_at = joined_companies.since_at AND known.company_id > joined_companies.company_id)))"
    )
    tx.execute(
        "DELETE FROM customer_companies WHERE customer_id IN (SELECT customer_id FROM joined_companies)"
    )
    tx.execute(
        "INSERT INTO customer_companies (customer_id, company_id, since_at) "
        "SELECT customer_id, company_id, since_at FROM joined_companies"
    )
    tx.execute(
        "CREATE OR REPLACE TEMP TABLE told_companies AS SELECT company_id, key, "
        "arg_max(value, (occurred_at, seq)) AS value, max(occurred_at) AS set_at FROM ("
        "SELECT told.group_id AS company_id, j.key, j.value::VARCHAR AS value, told.occurred_at, told.seq "
        f"FROM {_OF_BATCH} AS told, json_each(told.properties) AS j UNION ALL "
        "SELECT company_id, trait, value, set_at, 0 FROM company_traits "
        f"WHERE company_id IN (SELECT group_id FROM {_OF_BATCH})) AS every GROUP BY 1, 2"
    )
    tx.execute("DELETE FROM company_traits WHERE company_id IN (SELECT company_id FROM told_companies)")
    tx.execute(
        "INSERT INTO company_traits (company_id, trait, value, set_at) "
        "SELECT company_id, key, value, set_at FROM told_companies"
    )
    tx.execute(f"DELETE FROM companies WHERE company_id IN (SELECT group_id FROM {_OF_BATCH})")
    tx.execute(
        "INSERT INTO companies (company_id, traits) SELECT g.company_id, coalesce(t.traits, '{}') FROM "
        f"(SELECT DISTINCT group_id AS company_id FROM {_OF_BATCH}) AS g LEFT JOIN ("
        "SELECT company_id, json_group_object(trait, value::JSON)::VARCHAR AS traits FROM company_traits "
        f"WHERE company_id IN (SELECT group_id FROM {_OF_BATCH}) GROUP BY 1) AS t USING (company_id)"
    )


def refold_companies(tx: Transaction, ids: str) -> None:
    """The companies of the customers in the table `ids` (customer_id), and of profiles merged into them, from all events.

    The id of a group stands where other events have their name.
    """
    stored = (
        f"SELECT customer_id FROM {ids} UNION SELECT from_customer_id FROM merges "
        f"WHERE into_customer_id IN (SELECT customer_id FROM {ids})"
    )
    told = "coalesce(CASE WHEN type = 'group' THEN event END, trim(properties ->> '$.company.id'))"
    tx.execute(f"DELETE FROM customer_companies WHERE customer_id IN ({stored})")
    tx.execute(
        "INSERT INTO customer_companies (customer_id, company_id, since_at) SELECT customer_id, "
        "arg_max(company_id, (occurred_at, company_id)), max(occurred_at) FROM ("
        f"SELECT customer_id, {told} AS company_id, occurred_at FROM events "
        f"WHERE {TELLS_OF_COMPANY} AND customer_id IN ({stored})) AS told WHERE company_id <> '' GROUP BY 1"
    )


def select_colleagues() -> str:
    """A SELECT of the customers of the companies that the batch being folded tells of."""
    return (
        "SELECT customer_id FROM customer_companies WHERE company_id IN "
        f"(SELECT group_id FROM ({_TOLD}) AS told)"
    )


def find_company(customer_id: int) -> Company | None:
    """The company of a present customer, where one is known."""
    companies = build_companies()
    rows = lakes.current().read_rows(companies.filter(companies.customer_id == customer_id))
    return Company(rows[0]["company_id"], json.loads(rows[0]["traits"] or "{}")) if rows else None


def build_companies(only: ibis.Table | None = None) -> ibis.Table:
    """Each customer's company: customer_id, company_id, traits (JSON text). Of merged profiles the latest counts."""
    places, merges = lakes.table("customer_companies"), lakes.table("merges")
    moved = merges.select(former_id="from_customer_id", current_id="into_customer_id")
    joined = places.left_join(moved, places.customer_id == moved.former_id)
    current = joined.select(
        "company_id", "since_at", customer_id=ibis.coalesce(joined.current_id, places.customer_id)
    )
    if only is not None:
        current = current.filter(current.customer_id.isin(only.customer_id))
    order = [ibis.desc("since_at"), ibis.desc("company_id")]
    ranked = current.mutate(place=ibis.row_number().over(group_by="customer_id", order_by=order))
    latest = ranked.filter(ranked.place == 0).select("customer_id", "company_id")
    companies = lakes.table("companies")
    known = latest.left_join(companies, latest.company_id == companies.company_id)
    return known.select(latest.customer_id, latest.company_id, companies.traits)
