"""The door of the experiments room: assignment, control groups, lift."""

from tenure.experiments.assignment import BUCKETS, assign_arms, assign_buckets
from tenure.experiments.lift import (
    NEEDED_BUYERS,
    ArmResult,
    Lift,
    LiftReason,
    Statement,
    compute_lift,
    compute_outcome,
    compute_report_statement,
)
from tenure.experiments.proposal import (
    DEFAULT_CONTROL_SHARE,
    LARGEST_CONTROL_SHARE,
    ControlProposal,
    propose_control_share,
)
from tenure.stats.lift import Counts, Estimate, Sums, compute_share

__all__ = [
    "BUCKETS",
    "DEFAULT_CONTROL_SHARE",
    "LARGEST_CONTROL_SHARE",
    "NEEDED_BUYERS",
    "ArmResult",
    "ControlProposal",
    "Counts",
    "Estimate",
    "Lift",
    "LiftReason",
    "Statement",
    "Sums",
    "assign_arms",
    "assign_buckets",
    "compute_lift",
    "compute_outcome",
    "compute_report_statement",
    "compute_share",
    "propose_control_share",
]
