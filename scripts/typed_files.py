"""Print the files that are checked with mypy's strict mode: base, stats, lake and every room's door."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "tenure"


def list_typed_files() -> list[str]:
    doors = [path for name in ("api.py", "types.py") for path in PACKAGE.glob(f"*/**/{name}")]
    rooms = [path for room in ("base", "stats", "lake") for path in (PACKAGE / room).rglob("*.py")]
    skipped = {"tests", "migrations"}
    return sorted({str(path) for path in doors + rooms if not skipped & set(path.parts)})


if __name__ == "__main__":
    print("\n".join(list_typed_files()))  # noqa: T201
