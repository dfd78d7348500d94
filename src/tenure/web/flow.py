"""Geometry of the flow chart: who was where on the left, where they went on the right. Pure: numbers to coordinates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.web.charts import read_field

WIDTH, LEFT, RIGHT, NODE_WIDTH = 720.0, 190.0, 530.0, 10.0
_FLOW_HEIGHT, _LEAST_ROOM, _GAP = 300.0, 16.0, 6.0


@dataclass(frozen=True)
class Node:
    name: str
    slot: int
    text: str
    x: str
    y: str
    height: str
    label_x: str
    label_y: str
    anchor: str


@dataclass(frozen=True)
class Band:
    path: str
    slot: int
    title: str


@dataclass(frozen=True)
class FlowPlot:
    width: int
    height: int
    node_width: str
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]


@dataclass
class _Place:
    top: float
    height: float
    used: float = 0.0

    def take(self, height: float) -> tuple[float, float]:
        """The next part of the node, from above: start and end."""
        start = self.top + self.used
        self.used += height
        return start, start + height


def compute_flow_plot(nodes: Iterable[Any], links: Iterable[Any]) -> FlowPlot:
    """Bands between two columns of nodes, as thick as they have customers; names stay apart however few there are.

    `nodes` (name, slot) are drawn in their order; `links` have source, target and value. Nobody is no node.
    """
    listed = [(str(read_field(one, "name")), int(read_field(one, "slot") or 1)) for one in nodes]
    moves = [
        (str(read_field(one, "source")), str(read_field(one, "target")), float(read_field(one, "value") or 0))
        for one in links
    ]
    moves = [move for move in moves if move[2] > 0]
    scale = _FLOW_HEIGHT / (sum(value for _, _, value in moves) or 1.0)
    columns = [_place(listed, [(move[side], move[2]) for move in moves], scale) for side in (0, 1)]
    order = {name: number for number, (name, _) in enumerate(listed)}
    slots = dict(listed)
    bands = []
    for source, target, value in sorted(
        moves, key=lambda one: (order.get(one[0], 99), order.get(one[1], 99))
    ):
        ends = columns[0][source].take(value * scale), columns[1][target].take(value * scale)
        bands.append(Band(_draw_band(*ends), slots.get(source, 1), f"{source} to {target}: {value:,.0f}"))
    height = max(
        (place.top + max(place.height, _LEAST_ROOM) for side in columns for place in side.values()), default=0
    )
    drawn = [
        _draw_node(name, slots[name], side, place, scale)
        for side, column in enumerate(columns)
        for name, place in column.items()
    ]
    return FlowPlot(int(WIDTH), int(height + 8), f"{NODE_WIDTH:.0f}", tuple(drawn), tuple(bands))


def _place(
    nodes: Sequence[tuple[str, int]], parts: Sequence[tuple[str, float]], scale: float
) -> dict[str, _Place]:
    totals: dict[str, float] = {}
    for name, value in parts:
        totals[name] = totals.get(name, 0.0) + value
    top, placed = 4.0, {}
    for name, _ in nodes:
        if name in totals:
            height = totals[name] * scale
            placed[name] = _Place(top, height)
            top += max(height, _LEAST_ROOM) + _GAP
    return placed


def _draw_band(left: tuple[float, float], right: tuple[float, float]) -> str:
    start, end, middle = LEFT + NODE_WIDTH, RIGHT, (LEFT + NODE_WIDTH + RIGHT) / 2
    (a, b), (c, d) = (_thicken(*side) for side in (left, right))
    return (
        f"M{start:.1f} {a:.1f} C{middle:.1f} {a:.1f} {middle:.1f} {c:.1f} {end:.1f} {c:.1f} "
        f"L{end:.1f} {d:.1f} C{middle:.1f} {d:.1f} {middle:.1f} {b:.1f} {start:.1f} {b:.1f} Z"
    )


def _thicken(start: float, end: float) -> tuple[float, float]:
    """At least a hair's breadth, so that one customer of a million is seen."""
    return start, max(end, start + 0.75)


def _draw_node(name: str, slot: int, side: int, place: _Place, scale: float) -> Node:
    x = LEFT if side == 0 else RIGHT
    label_x = x - 8 if side == 0 else x + NODE_WIDTH + 8
    middle = place.top + max(place.height, 12.0) / 2
    return Node(
        name, slot, f"{place.height / scale:,.0f}", f"{x:.1f}", f"{place.top:.1f}", f"{max(place.height, 1.5):.1f}",
        f"{label_x:.1f}", f"{middle + 4:.1f}", "end" if side == 0 else "start",
    )  # fmt: skip
