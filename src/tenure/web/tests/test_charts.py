import itertools
import re
from dataclasses import dataclass

import pytest
from django.template import Context, Template

from tenure.web.charts import (
    LABEL_GAP,
    compute_bars,
    compute_ceiling,
    compute_heat_step,
    compute_interval,
    compute_plot,
)


def render(text: str, **context: object) -> str:
    return Template("{% load charts %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("largest", "ceiling"),
    [(0, 4), (1, 4), (4, 4), (5, 8), (23, 40), (401, 500), (500, 500), (98_000, 100_000)],
)
def test_the_axis_ends_at_a_round_number_above_the_largest(largest, ceiling):
    assert compute_ceiling(largest) == ceiling


def test_lines_start_at_zero_and_rise_with_their_values():
    plot = compute_plot(["a", "b", "c"], [("n", [0, 5, 10])], "wide", 680, 240)
    ys = [float(point.y) for point in plot.lines[0].points]
    assert ys[0] == float(plot.bottom)
    assert ys[0] > ys[1] > ys[2]
    assert plot.y_ticks[0].label == "0"


def test_labels_at_the_lines_ends_do_not_overlap():
    plot = compute_plot(
        ["a", "b"], [("one", [1, 10]), ("two", [1, 10]), ("three", [1, 10])], "wide", 680, 240
    )
    ys = sorted(float(line.label_y) for line in plot.lines)
    assert min(b - a for a, b in itertools.pairwise(ys)) >= LABEL_GAP - 0.11


def test_a_single_point_and_no_point_are_drawn():
    assert compute_plot(["a"], [("n", [3])], "wide", 680, 240).lines[0].path.startswith("M")
    assert compute_plot([], [("n", [])], "wide", 680, 240).lines[0].path == ""


def test_bars_are_in_proportion_and_the_longest_is_full():
    bars = compute_bars([{"name": "a", "value": 50}, {"name": "b", "value": 100}, {"name": "c", "value": 0}])
    assert [bar.width for bar in bars] == ["50.0", "100.0", "0.0"]


def test_an_interval_marks_zero_only_where_the_axis_has_it():
    assert compute_interval(1, 2, 3, -5, 5).zero_x == "50.0%"
    assert compute_interval(1, 2, 3, 1, 5).zero_x is None


def test_heat_grows_with_the_value():
    steps = [compute_heat_step(value, 100) for value in (0, 1, 10, 50, 100)]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert steps[-1] == 5


def test_a_line_chart_has_a_label_titles_and_a_table():
    html = render("{% line_chart 'Orders per week' labels series %}", labels=["1 Jan", "8 Jan"],
                  series=[{"name": "First", "values": [3, 4]}, {"name": "Repeat", "values": [1, 2]}])  # fmt: skip
    assert html.count('role="img" aria-label="Orders per week"') == 2
    assert "<title>First, 8 Jan: 4</title>" in html
    assert '<th scope="row">8 Jan</th><td class="num">4</td><td class="num">2</td>' in html
    assert "style=" not in html


def test_bars_take_any_objects_and_escape_names():
    @dataclass
    class Row:
        name: str
        value: int
        href: str

    html = render("{% bar_rows rows %}", rows=[Row("<b>", 3, "/x")])
    assert "&lt;b&gt;" in html
    assert 'href="/x"' in html


def test_a_heat_map_is_a_table_of_links():
    rows = [
        {"name": "F 5", "cells": [{"value": 9, "href": "/customers/?r=1&f=5", "note": "Loyal"}, {"value": 0}]}
    ]
    html = render("{% heat_map 'Map' columns rows %}", columns=["R 1", "R 2"], rows=rows)
    assert re.search(r'class="h5"><a href="/customers/\?r=1&amp;f=5"><b>9</b><small>Loyal</small>', html)
    assert 'class="h0"><span>–</span>' in html
