"""The demo's data folder: a simulated shop, made once."""

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from tenure.base.errors import ConflictError
from tenure.cli.operations.operation import Progress
from tenure.config import process
from tenure.config.environment import Environment, read_environment

NOTE_NAME = "demo.json"
EMAIL = "demo@tenure.example"
SHOP = {"TENURE_COMPANY": "Kettle & Crumb", "TENURE_FROM_EMAIL": "Kettle & Crumb <hello@shop.example>"}
"""What the shop is called, in its mails and on every page, unless the environment says otherwise."""


def make_demo(customers: int, days: int, seed: int, progress: Progress) -> dict[str, Any]:
    """Make the shop unless it is there. Result: customers, days, seed, email, password.

    A shop whose making was interrupted is made anew. Errors: the data folder holds other data, or is in use.
    """
    for name, value in SHOP.items():
        os.environ.setdefault(name, value)
    environment = read_environment()
    note_path = environment.home / NOTE_NAME
    known = _find_note(note_path)
    if known and known["is_complete"]:
        return _shown(known)
    with process.hold_folder(environment):
        if known:
            _clear(environment)
        elif environment.ledger_path.exists() or environment.lake_path.exists():
            raise ConflictError(
                "not_a_demo_folder",
                f"{environment.home} holds data of its own; a simulated shop would mix with it. "
                "Set TENURE_HOME to another folder, like TENURE_HOME=demo-data.",
            )
        note = {
            "customers": customers,
            "days": days,
            "seed": seed,
            "email": EMAIL,
            "password": secrets.token_urlsafe(9),
            "is_complete": False,
        }
        _write_note(note_path, note)
    with process.opened():
        from tenure.base.access import create_user
        from tenure.sandbox import api as sandbox

        sandbox.run_demo(customers=customers, days=days, seed=seed, progress=progress)
        create_user(EMAIL, str(note["password"]), "admin", "Demo")
    _write_note(note_path, {**note, "is_complete": True})
    return _shown(note)


def _find_note(path: Path) -> dict[str, Any] | None:
    try:
        note: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return note


def _write_note(path: Path, note: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(note, file)
    unfinished.replace(path)


def _shown(note: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in note.items() if name != "is_complete"}


def _clear(environment: Environment) -> None:
    """Remove what an interrupted making left. Only ever a folder that had nothing else in it."""
    for entry in environment.home.iterdir():
        if entry == environment.lock_path:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
