"""The reference page of the key figures, from the objects that compute them."""

from tenure.segments.stages.kpis import KPIS, Kpi

_HEAD = """# Key figures of stages

Written by `make docs`; do not edit by hand.

Each is computed of everybody over the last 90 days up to the day looked at, and shown with the numbers behind it. Where it cannot
be computed the reason is shown instead, never 0. Shares are written from 0 to 1. In a model's YAML:

    kpis:
      - {id: activation-rate, target: 0.4, events: [Feature Used], within_days: 14}
      - {id: repeat-purchase-rate, target: 0.3, benchmark: 0.27, benchmark_source: our report of 2025}
      - {id: acquisition-cost, monthly_cost: 4000}

`events` are what counts, `base_events` those of whom a share is taken, `within_days` how soon. A benchmark needs its source; without
one the 90 days before are shown to compare with.

| id | Key figure | Unit | How | From | Better |
|---|---|---|---|---|---|
"""


def build_reference() -> str:
    return _HEAD + "".join(_row(kpi) for kpi in KPIS)


def _row(kpi: Kpi) -> str:
    better = "lower" if kpi.is_lower_better else "higher"
    return f"| `{kpi.id}` | {kpi.title} | {kpi.unit} | {kpi.formula} | {kpi.source} | {better} |\n"
