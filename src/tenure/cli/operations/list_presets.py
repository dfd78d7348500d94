"""Lists the presets."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Result: presets: [{name, title, segments}], the default first."""
    from tenure.segments import api as segments

    return {
        "presets": [
            {"name": preset.name, "title": preset.title, "segments": len(preset.segments)}
            for preset in segments.list_presets()
        ]
    }


OPERATION = Operation("preset.list", run)
