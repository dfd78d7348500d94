"""What else a batch tells of its customers: visits and companies. Runs after the profiles, in the same transaction."""

from tenure.customers.companies import TELLS_OF_COMPANY, fold_companies, refold_companies
from tenure.customers.identity_changes import TO_REFOLD
from tenure.customers.sessions import HORIZON, IS_VISIT, Visits, fold_sessions, read_horizon, refold_sessions
from tenure.events.api import RESOLVED
from tenure.lake.api import Transaction

_LARGE = 5_000


def fold_facts(tx: Transaction) -> None:
    """Bring sessions and companies up to date. One look at a batch that brings nothing of the kind."""
    row = tx.execute(
        f"SELECT count(*), min(occurred_at) FILTER ({IS_VISIT}), "
        f"max(occurred_at) FILTER ({IS_VISIT}), "
        f"(SELECT max(value) FROM checkpoints WHERE name = '{HORIZON}'), "
        f"EXISTS (SELECT 1 FROM {TO_REFOLD}), coalesce(bool_or({TELLS_OF_COMPANY}), false) FROM {RESOLVED}"
    ).fetchone()
    count, first_at, last_at, horizon, has_refolds, has_companies = row or (0, None, None, None, False, False)
    if first_at is not None:
        fold_sessions(tx, Visits(first_at, last_at, read_horizon(horizon), count > _LARGE))
    if has_refolds:
        refold_sessions(tx, TO_REFOLD)
        refold_companies(tx, TO_REFOLD)
    if has_companies:
        fold_companies(tx)
