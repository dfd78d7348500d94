"""Saves a preset of one's own under its name."""

from pathlib import Path
from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: file (absolute path). Result: name, segments."""
    from tenure.segments import api as segments

    preset = segments.save_preset(Path(arguments["file"]).read_text(encoding="utf-8"), "command line")
    return {"preset": preset.name, "segments": len(preset.segments)}


OPERATION = Operation("preset.apply", run)
