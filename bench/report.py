"""How every bench reports: a table row per figure, then one line of JSON."""

import json
from typing import Any


def report(bench: str, rows: list[tuple[str, str, str]], document: dict[str, Any]) -> None:
    """`rows` are what was measured, the figure, the target. `document` holds the same as plain numbers."""
    print(f"\n{bench}")
    for what, figure, target in rows:
        print(f"| {what:<58} | {figure:>18} | {target:<22} |")
    print(json.dumps({"bench": bench, **document}), flush=True)
