"""The environment, read in one place. Every setting has an entry in docs/reference/settings.md."""

import os
import zoneinfo
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """What the operator decided by environment variables."""

    home: Path
    smtp_url: str
    from_email: str
    base_url: str
    currency: str
    company: str
    debug: bool
    is_currency_set: bool = False
    trusted_proxies: int = 0
    timezone: str = "UTC"
    lake_url: str = ""

    @property
    def ledger_path(self) -> Path:
        return self.home / "ledger.sqlite3"

    @property
    def inbox_path(self) -> Path:
        return self.home / "inbox.sqlite3"

    @property
    def lake_path(self) -> Path:
        return self.home / "lake.duckdb"

    @property
    def lock_path(self) -> Path:
        return self.home / "tenure.lock"

    @property
    def server_file(self) -> Path:
        return self.home / "server.json"

    @property
    def secret_path(self) -> Path:
        return self.home / "secret"

    @property
    def import_folder(self) -> Path:
        return self.home / "imports"


def read_environment() -> Environment:
    """Read the environment afresh; nothing is cached, so that tests can set it."""
    value = os.environ.get
    return Environment(
        home=Path(value("TENURE_HOME", "./tenure-data")).absolute(),
        smtp_url=value("TENURE_SMTP_URL", ""),
        from_email=value("TENURE_FROM_EMAIL", "Tenure <hello@localhost>"),
        base_url=value("TENURE_BASE_URL", "").rstrip("/"),
        currency=value("TENURE_CURRENCY", "EUR").upper(),
        company=value("TENURE_COMPANY", "Your company"),
        debug=value("TENURE_DEBUG", "") == "1",
        is_currency_set=bool(value("TENURE_CURRENCY")),
        timezone=_read_zone(value("TENURE_TIMEZONE", "")),
        trusted_proxies=_read_count(value("TENURE_TRUSTED_PROXIES", "")),
        lake_url=value("TENURE_LAKE_URL", "").strip(),
    )


def _read_count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0


def _read_zone(text: str) -> str:
    return text if text in zoneinfo.available_timezones() else "UTC"
