"""Computes RFM scores and segments: of the customers in the data folder, or straight from an order file."""

from datetime import date
from pathlib import Path
from typing import Any

from tenure.base.errors import NotFoundError
from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: preset (name or path, or None), as_of (ISO day or None), out (absolute path or None).

    Result: as_of, preset, customers, segments: [{segment, phase, customers, revenue}]; with out also out, rows.
    """
    from tenure.events import api as events
    from tenure.segments import api as segments

    progress(None, "Computing segments")
    events.wait_until_folded()
    preset = segments.get_preset(arguments["preset"] or segments.DEFAULT_PRESET)
    day = _read_day(arguments)
    result = segments.compute_rfm(preset, day).as_dict()
    if arguments["out"]:
        rows = segments.write_rfm_csv(Path(arguments["out"]), preset, day)
        result |= {"out": arguments["out"], "rows": rows}
    return result


def score_file(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """As `run`, of the file `arguments["file"]` by its columns customer, date, amount, order and
    mapping (fields to columns), each guessed where None; date_format or None. Nothing is kept.

    Result besides: rows_read, orders, refunds, orders_without_customer, rows_left_out, left_out: [{reason, words, rows,
    lines}], mapping, date_format, warnings. Needs no data folder, and makes none.
    """
    from tenure.config.process import set_up_django

    set_up_django()
    from django.db import DatabaseError

    from tenure.segments import api as segments

    progress(None, "Reading the file")
    try:
        preset = segments.get_preset(arguments["preset"] or segments.DEFAULT_PRESET)
    except DatabaseError as error:
        raise NotFoundError(
            "unknown_preset",
            f"There is no preset {arguments['preset']!r}. Give the path of a .yaml file.",
            "preset",
        ) from error
    found = segments.compute_rfm_from_file(
        arguments["file"],
        arguments["customer"],
        arguments["date"],
        arguments["amount"],
        arguments["order"],
        preset=preset,
        as_of=_read_day(arguments),
        out=arguments["out"],
        mapping=arguments["mapping"],
        date_format=arguments["date_format"],
    )
    result = found.as_dict()
    if arguments["out"]:
        result |= {"out": arguments["out"], "rows": found.written_count}
    return result


def _read_day(arguments: dict[str, Any]) -> date | None:
    return date.fromisoformat(arguments["as_of"]) if arguments["as_of"] else None


OPERATION = Operation("rfm", run)
