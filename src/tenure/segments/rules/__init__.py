"""The kinds of conditions that segments are made of. One file each; this list names them all."""

from tenure.segments.rules.attribute import AttributeRule
from tenure.segments.rules.base import Rule
from tenure.segments.rules.bought import BoughtRule
from tenure.segments.rules.company import CompanyRule
from tenure.segments.rules.consent import ConsentRule
from tenure.segments.rules.engagement import EngagementRule
from tenure.segments.rules.event import EventRule
from tenure.segments.rules.moved import MovedRule
from tenure.segments.rules.reachable import ReachableRule
from tenure.segments.rules.score import ScoreRule
from tenure.segments.rules.segment import SegmentRule
from tenure.segments.rules.sequence import SequenceRule
from tenure.segments.rules.stage import StageRule
from tenure.segments.rules.static_list import ListRule
from tenure.segments.rules.total import TotalRule
from tenure.segments.rules.visits import VisitsRule

KINDS: tuple[type[Rule], ...] = (
    AttributeRule,
    CompanyRule,
    EventRule,
    BoughtRule,
    VisitsRule,
    TotalRule,
    SequenceRule,
    ScoreRule,
    StageRule,
    MovedRule,
    SegmentRule,
    ListRule,
    ReachableRule,
    ConsentRule,
    EngagementRule,
)
"""In the order in which the builder offers them."""

BY_NAME: dict[str, type[Rule]] = {kind.model_fields["kind"].default: kind for kind in KINDS}
