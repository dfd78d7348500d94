"""Computes RFM scores and segments of the customers in the data folder."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: preset (name or path, or None), as_of (ISO day or None), out (absolute path or None).

    Result: as_of, preset, customers, segments: [{segment, phase, customers, revenue}], and out where it was given.
    """
    from tenure.cli.rfm_table import analyse
    from tenure.events import api as events

    events.wait_until_folded()
    return analyse(arguments, progress)


OPERATION = Operation("rfm", run)
