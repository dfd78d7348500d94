"""A backup as a file: a tar archive with a manifest that names every part, its size and its SHA-256."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tenure.base.errors import TenureError

FORMAT = 1
MANIFEST = "manifest.json"


def write_backup(folder: Path, target: Path, about: dict[str, Any], report: Callable[[float], None]) -> int:
    """Pack every file in `folder` into `target`, whole or not at all. Gives its size in bytes."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    manifest = {
        **about,
        "format": FORMAT,
        "parts": {
            name: {"bytes": (folder / name).stat().st_size, "sha256": compute_checksum(folder / name)}
            for name in names
        },
    }
    unfinished = target.with_name(target.name + ".unfinished")
    compressed = target.name.endswith((".gz", ".tgz"))
    try:
        mode = "w:gz" if compressed else "w"
        options = {"compresslevel": 1} if compressed else {}
        with tarfile.open(unfinished, mode, **options) as archive:  # type: ignore[call-overload]
            body = json.dumps(manifest, indent=2).encode()
            header = tarfile.TarInfo(MANIFEST)
            header.size = len(body)
            archive.addfile(header, io.BytesIO(body))
            for done, name in enumerate(names, start=1):
                archive.add(folder / name, arcname=name)
                report(done / len(names))
        unfinished.chmod(0o600)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def _unpack(archive: tarfile.TarFile, name: str, folder: Path, source: Path) -> None:
    """Contents only: no link, owner or mode of the archive is taken over. (`TarFile.extract` learnt that in 3.11.4.)"""
    member = archive.getmember(name)
    part = archive.extractfile(member) if member.isfile() else None
    if part is None:
        raise _broken(source, f"its part {name} is no file")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with part, target.open("wb") as file:
        target.chmod(0o600)
        shutil.copyfileobj(part, file)


def read_backup(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack `source` into `folder` and check every part. Gives the manifest.

    Errors: not a backup, cut short or changed, made by a newer version.
    """
    try:
        with tarfile.open(source, "r:*") as archive:
            manifest = _read_manifest(archive, source)
            for name in manifest["parts"]:
                if Path(name).is_absolute() or ".." in Path(name).parts:
                    raise _broken(source, f"it holds a part named {name}")
                _unpack(archive, name, folder, source)
    except (tarfile.TarError, EOFError, OSError, KeyError, ValueError) as error:
        raise _broken(source, str(error)) from error
    for name, expected in manifest["parts"].items():
        if compute_checksum(folder / name) != expected["sha256"]:
            raise _broken(source, f"{name} is not what was backed up")
    return manifest


def compute_checksum(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(archive: tarfile.TarFile, source: Path) -> dict[str, Any]:
    file = archive.extractfile(MANIFEST)
    if file is None:
        raise _broken(source, "it has no manifest")
    manifest: dict[str, Any] = json.load(file)
    if manifest["format"] > FORMAT:
        raise TenureError(
            "newer_backup",
            f"{source} was made by Tenure {manifest.get('version')}, which is newer than this one. Upgrade Tenure first.",
            "file",
        )
    return manifest


def _broken(source: Path, why: str) -> TenureError:
    return TenureError(
        "broken_backup",
        f"{source} is not a whole Tenure backup ({why}). Nothing was changed; try another file.",
        "file",
    )
