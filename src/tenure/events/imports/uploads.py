"""Files that somebody dropped on a page, kept until they are imported or a day old."""

import json
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from django.core.files.base import File

from tenure.base.errors import NotFoundError, TenureError
from tenure.config.environment import read_environment
from tenure.events.imports.sniffing import sniff

KEPT_SECONDS = 86_400
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,40}")


@dataclass(frozen=True)
class Upload:
    """A kept file; `purpose` is orders, customers, events or rfm."""

    token: str
    purpose: str
    name: str
    path: Path


def keep_upload(file: "File[bytes] | None", purpose: str) -> Upload:
    """Write the file into the data folder under a name nobody can guess. Errors: none given; no table; the disk is full."""
    if file is None or not file.size:
        raise TenureError(
            "no_file", "Choose a file first: a CSV with one row per order line, customer or event.", "file"
        )
    discard_old_uploads()
    token = secrets.token_urlsafe(18)
    folder = _folder() / token
    name = re.sub(r"[^\w.() -]", "_", Path(file.name or "file").name)[-120:].lstrip(".") or "file"
    try:
        folder.mkdir(parents=True, mode=0o700)
        with (folder / name).open("wb") as target:
            for chunk in file.chunks(1 << 20):
                target.write(chunk)
        (folder / "upload.json").write_text(json.dumps({"purpose": purpose, "name": name}), encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        message = (
            f"The file could not be kept: {error.strerror}. Make room on the server's disk and try again."
        )
        raise TenureError("not_kept", message, "file") from error
    try:
        sniff(folder / name)
    except TenureError:
        discard_upload(token)
        raise
    return Upload(token, purpose, name, folder / name)


def get_upload(token: str) -> Upload:
    """The kept file. Errors: it was imported already, or is older than a day."""
    note = _folder() / token / "upload.json"
    if not _TOKEN.fullmatch(token) or not note.is_file():
        raise NotFoundError(
            "no_such_upload", "This file is no longer here. Choose it again on the import page."
        )
    told = json.loads(note.read_text(encoding="utf-8"))
    return Upload(token, told["purpose"], told["name"], note.parent / told["name"])


def discard_upload(token: str) -> None:
    if _TOKEN.fullmatch(token):
        shutil.rmtree(_folder() / token, ignore_errors=True)


def discard_old_uploads() -> None:
    folder = _folder()
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.is_dir() and time.time() - entry.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)


def _folder() -> Path:
    return read_environment().import_folder / "uploads"
