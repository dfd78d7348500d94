"""Geometry of the charts. Pure: numbers in, coordinates out; the templates draw them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any

LABEL_GAP = 15.0


def read_field(row: Any, name: str, default: Any = None) -> Any:
    """A field of a dictionary or of an object, so that charts draw any room's dataclasses."""
    if isinstance(row, Mapping):
        return row.get(name, default)
    return getattr(row, name, default)


@dataclass(frozen=True)
class Tick:
    at: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Point:
    x: str
    y: str
    title: str


@dataclass(frozen=True)
class Line:
    name: str
    number: int
    path: str
    points: tuple[Point, ...]
    end_x: str
    end_y: str
    label_x: str
    label_y: str


@dataclass(frozen=True)
class Plot:
    """One drawing of a line chart; a chart has a wide one and a narrow one for phones."""

    css_class: str
    width: int
    height: int
    left: str
    right: str
    bottom: str
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Bar:
    name: str
    value: float
    text: str
    share_text: str
    width: str
    href: str
    slot: int
    title: str


@dataclass(frozen=True)
class BarGroup:
    name: str
    slot: int
    bars: list[Bar] = field(default_factory=list)


@dataclass(frozen=True)
class Interval:
    low_x: str
    width: str
    mark_x: str
    zero_x: str | None


def compute_ceiling(largest: float, steps: int = 4) -> float:
    """The smallest round number, at least `largest`, that `steps` round steps reach from 0."""
    if largest <= 0:
        return float(steps)
    raw = largest / steps
    magnitude = 10 ** floor(log10(raw))
    for factor in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10):
        step = factor * magnitude
        if step >= raw - 1e-12 and (step == int(step) or largest < 1):
            return float(step * steps)
    return float(10 * magnitude * steps)


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:,.4g}k"
    return f"{value:,.4g}"


def _spread(wanted: Sequence[float], low: float, high: float) -> list[float]:
    """Move label positions apart, at least `LABEL_GAP`, in their order, within low to high."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = list(wanted)
    floor_at = low
    for index in order:
        placed[index] = max(placed[index], floor_at)
        floor_at = placed[index] + LABEL_GAP
    ceiling = high
    for index in reversed(order):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - LABEL_GAP
    return placed


def compute_plot(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    css_class: str,
    width: int,
    height: int,
) -> Plot:
    """Lay out up to four lines over `labels`; the axis starts at 0, each line is named at its end."""
    longest = max((len(name) for name, _ in series), default=0)
    left, top, bottom = 40.0, 12.0, height - 26.0
    right = width - (18.0 + 7.0 * longest)
    top_value = compute_ceiling(max((float(v) for _, values in series for v in values), default=0))
    last = max(1, len(labels) - 1)

    def x_of(index: int) -> float:
        return left + (right - left) * index / last

    def y_of(value: float) -> float:
        return bottom - (bottom - top) * float(value) / top_value

    y_ticks = tuple(Tick(f"{y_of(top_value * i / 4):.1f}", _short(top_value * i / 4)) for i in range(5))
    every = max(1, -(-len(labels) // (6 if width > 500 else 3)))
    x_ticks = tuple(Tick(f"{x_of(index):.1f}", str(labels[index])) for index in range(0, len(labels), every))
    ends = _spread([y_of(values[-1]) if len(values) else bottom for _, values in series], top, bottom)
    lines = []
    for number, ((name, values), label_y) in enumerate(zip(series, ends, strict=True), start=1):
        spots = [(x_of(i), y_of(value)) for i, value in enumerate(values)]
        points = tuple(
            Point(f"{x:.1f}", f"{y:.1f}", f"{name}, {label}: {value:,}")
            for (x, y), label, value in zip(spots, labels, values, strict=False)
        )
        path = " ".join(f"{'M' if i == 0 else 'L'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(spots))
        end_x, end_y = spots[-1] if spots else (left, bottom)
        lines.append(
            Line(
                name,
                number,
                path,
                points,
                f"{end_x:.1f}",
                f"{end_y:.1f}",
                f"{end_x + 8:.1f}",
                f"{label_y + 4:.1f}",
            )
        )
    return Plot(
        css_class,
        width,
        height,
        f"{left:.1f}",
        f"{right:.1f}",
        f"{bottom:.1f}",
        y_ticks,
        x_ticks,
        tuple(lines),
    )


def compute_bars(rows: Iterable[Any]) -> list[Bar]:
    """Bars of rows with `name`, `value` and, where given, `text`, `share_text`, `href`, `slot`; longest is full."""
    listed = list(rows)
    largest = max((float(read_field(row, "value") or 0) for row in listed), default=0) or 1.0
    bars = []
    for row in listed:
        value = float(read_field(row, "value") or 0)
        text = str(read_field(row, "text") or f"{value:,.0f}")
        name = str(read_field(row, "name"))
        width = max(100 * value / largest, 0.6 if value > 0 else 0)
        bars.append(
            Bar(
                name,
                value,
                text,
                str(read_field(row, "share_text") or ""),
                f"{width:.1f}",
                str(read_field(row, "href") or ""),
                int(read_field(row, "slot") or 2),
                f"{name}: {text}",
            )
        )
    return bars


def compute_interval(low: float, middle: float, high: float, start: float, end: float) -> Interval:
    """Place an interval on an axis from `start` to `end`, in percent of its width; 0 is marked where it lies on it."""
    span = (end - start) or 1.0

    def place(value: float) -> float:
        return min(100.0, max(0.0, 100 * (value - start) / span))

    zero = f"{place(0):.1f}%" if start <= 0 <= end else None
    return Interval(
        f"{place(low):.1f}%", f"{max(0.5, place(high) - place(low)):.1f}%", f"{place(middle):.1f}%", zero
    )


def compute_heat_step(value: float, largest: float) -> int:
    """Heat 0 (none) to 5 (the most), a little steeper at the start, so that small cells stay apart."""
    if not value or largest <= 0:
        return 0
    step = 1 + floor(4.999 * (float(value) / float(largest)) ** 0.7)
    return int(max(1, min(5, step)))
