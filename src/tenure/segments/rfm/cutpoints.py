"""Cut-points: what a scoring run finds out, in numbers that score any customer at any time."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import ibis

from tenure.segments.rfm.preset import Preset
from tenure.segments.rfm.scoring import DIMENSIONS, Cuts


class Reader(Protocol):
    """A lake or a transaction: whatever reads expressions."""

    def read_rows(self, expression: ibis.Table) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Cutpoints:
    """The bars of R, F and M found as of a day among `scored_count` customers; `counting` names the method."""

    as_of_on: date
    scored_count: int
    counting: str
    r: Cuts
    f: Cuts
    m: Cuts

    def cuts_of(self, dimension: str) -> Cuts:
        cuts: Cuts = getattr(self, dimension)
        return cuts

    def to_json(self) -> str:
        cuts = {dimension.name: self.cuts_of(dimension.name).as_dict() for dimension in DIMENSIONS}
        data = {"as_of_on": self.as_of_on.isoformat(), "scored_count": self.scored_count}
        return json.dumps({**data, "counting": self.counting, **cuts})

    @classmethod
    def from_json(cls, text: str) -> "Cutpoints":
        data = json.loads(text)
        return cls(
            as_of_on=date.fromisoformat(data["as_of_on"]),
            scored_count=data["scored_count"],
            counting=data["counting"],
            **{dimension.name: Cuts.from_dict(data[dimension.name]) for dimension in DIMENSIONS},
        )


def compute_cutpoints(
    reader: Reader, measures: ibis.Table, gaps: ibis.Table, preset: Preset, as_of_on: date
) -> Cutpoints:
    """Find the cut-points of all dimensions: one query, and one more where a method ranks.

    `measures` as of `measures.build_measures`; `gaps` as of `measures.build_order_gaps`.
    """
    scored = measures.filter(measures.order_count > 0)
    methods = [(dimension, preset.scoring.method_of(dimension.name)) for dimension in DIMENSIONS]
    aggregates = {"scored_count": scored.count()}
    for dimension, method in methods:
        for name, number in method.build_numbers(scored, dimension).items():
            aggregates[f"{dimension.name}_{name}"] = number
    asked = scored.aggregate(**aggregates)
    for dimension, method in methods:
        if (facts := method.build_facts(gaps)) is not None:
            asked = asked.cross_join(
                facts.rename({f"{dimension.name}_{name}": name for name in facts.columns})
            )
    answer = reader.read_rows(asked)[0]
    scored_count = int(answer["scored_count"])
    found = {}
    for dimension, method in methods:
        prefix = f"{dimension.name}_"
        numbers = {key.removeprefix(prefix): value for key, value in answer.items() if key.startswith(prefix)}
        query = method.build_rows(scored, scored_count, dimension)
        rows = [] if query is None else reader.read_rows(query)
        found[dimension.name] = method.compute_cuts(scored_count, numbers, rows, dimension)
    return Cutpoints(as_of_on, scored_count, preset.counting, found["r"], found["f"], found["m"])


def compute_initial_cutpoints(preset: Preset, as_of_on: date) -> Cutpoints:
    """What holds while nobody has been scored: fixed bars where the method has some, else the lowest score."""
    cuts = {
        dimension.name: preset.scoring.method_of(dimension.name).compute_cuts(0, {}, [], dimension)
        for dimension in DIMENSIONS
    }
    return Cutpoints(as_of_on, 0, preset.counting, cuts["r"], cuts["f"], cuts["m"])
