"""Charts drawn on the server as SVG, with titles, a label and the same figures as a table."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenure.web.charts import compute_bars, compute_heat_step, compute_interval, compute_plot, read_field
from tenure.web.flow import compute_flow_plot

register = template.Library()


@register.inclusion_tag("web/charts/_line.html")
def line_chart(
    label: str, labels: Sequence[str], series: Iterable[Any], label_name: str = "Week"
) -> dict[str, Any]:
    """Lines over `labels`. A series has `name` and `values`; four at most. `label` says what the picture shows."""
    lines = [(str(read_field(one, "name")), list(read_field(one, "values"))) for one in series]
    rows = [(text, [values[index] for _, values in lines]) for index, text in enumerate(labels)]
    return {
        "label": label,
        "label_name": label_name,
        "names": [name for name, _ in lines],
        "plots": [
            compute_plot(labels, lines, "wide", 680, 240),
            compute_plot(labels, lines, "narrow", 340, 220),
        ],
        "rows": rows,
    }


@register.inclusion_tag("web/charts/_bars.html")
def bar_rows(rows: Iterable[Any], label: str = "") -> dict[str, Any]:
    """A list of named bars. A row has `name`, `value` and, where wanted, `text share_text href slot group`."""
    listed = list(rows)
    return {
        "label": label,
        "bars": [
            (bar, read_field(row, "group") if index == 0 or _group(listed, index) else None)
            for index, (bar, row) in enumerate(zip(compute_bars(listed), listed, strict=True))
        ],
    }


def _group(rows: list[Any], index: int) -> bool:
    return bool(read_field(rows[index], "group") != read_field(rows[index - 1], "group"))


@register.inclusion_tag("web/charts/_heat.html")
def heat_map(
    label: str, columns: Sequence[Any], rows: Iterable[Any], corner: str = "", css_class: str = ""
) -> dict[str, Any]:
    """A table of heat. A row has `name` and `cells`; a cell has `value` and, where wanted, `text note href title`.

    Heat is by the largest value of the whole map; a cell with `heat` (0 to 5) sets its own.
    """
    listed = list(rows)
    largest = max(
        (float(read_field(cell, "value") or 0) for row in listed for cell in read_field(row, "cells")),
        default=0,
    )
    drawn = []
    for row in listed:
        cells = []
        for cell in read_field(row, "cells"):
            value = read_field(cell, "value")
            heat = read_field(cell, "heat")
            cells.append(
                {
                    "step": compute_heat_step(value or 0, largest) if heat is None else heat,
                    "text": read_field(cell, "text") or (f"{value:,}" if value else "–"),
                    "note": read_field(cell, "note") or "",
                    "href": read_field(cell, "href") or "",
                    "title": read_field(cell, "title") or "",
                }
            )
        drawn.append({"name": read_field(row, "name"), "cells": cells})
    return {"label": label, "columns": columns, "rows": drawn, "corner": corner, "css_class": css_class}


@register.inclusion_tag("web/charts/_interval.html")
def interval(label: str, low: Any, middle: Any, high: Any, start: Any, end: Any) -> dict[str, Any]:
    """An estimate as a dot on its band, on an axis from `start` to `end`, 0 dashed. `label` says it in words."""
    place = compute_interval(float(low), float(middle), float(high), float(start), float(end))
    return {"label": label, "place": place}


@register.inclusion_tag("web/charts/_flow.html")
def flow_chart(label: str, nodes: Iterable[Any], links: Iterable[Any]) -> dict[str, Any]:
    """Who went where between two moments. A node has `name` and `slot`, a link `source`, `target` and `value`."""
    return {"label": label, "plot": compute_flow_plot(nodes, links)}


@register.simple_tag
def badge(name: str, slot: int | None = None) -> SafeString:
    """A coloured dot with its name: a phase, a segment, a state."""
    return format_html(
        '<span class="badge slot-{}"><span class="dot" aria-hidden="true"></span>{}</span>', slot or 1, name
    )
