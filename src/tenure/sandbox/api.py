"""The door of the sandbox: a simulated shop with a known truth, and the demo that runs on it."""

from tenure.sandbox.demo import DemoResult, run_demo
from tenure.sandbox.mailing import MAILING_ROWS, Mailing
from tenure.sandbox.shop import Shop, build_shop, continue_shop, fork_shop, receive_mailing
from tenure.sandbox.truth import TrueEffect, Truth, build_truth, compute_true_effect
from tenure.sandbox.writing import Stretch

__all__ = [
    "MAILING_ROWS",
    "DemoResult",
    "Mailing",
    "Shop",
    "Stretch",
    "TrueEffect",
    "Truth",
    "build_shop",
    "build_truth",
    "compute_true_effect",
    "continue_shop",
    "fork_shop",
    "receive_mailing",
    "run_demo",
]
