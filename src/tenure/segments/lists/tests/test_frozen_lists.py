"""A segment frozen into a list; lists that segments ask for."""

import pyarrow as pa
import pytest

from tenure.base.errors import ConflictError, NotFoundError
from tenure.customers import api as customers
from tenure.segments.definitions import library
from tenure.segments.definitions.counting import count_node
from tenure.segments.definitions.definition import parse_segment
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.lists import api as lists
from tenure.segments.lists.tests.conftest import identify, tell
from tenure.segments.lists.tests.test_lists_from_files import ids, read_members
from tenure.segments.models import SegmentDefinition

pytestmark = pytest.mark.usefixtures("people")

GERMANS = {"name": "germans", "rule": {"kind": "attribute", "name": "country", "value": "DE"}}


def save(data: dict[str, object]) -> None:
    library.save_segment(parse_segment(data), "me")


def test_a_frozen_segment_stays_while_its_segment_goes_on():
    save(GERMANS)
    assert lists.freeze_segment("germans", "then", "me").member_count == 2
    tell(identify("anna", country="FR"))
    assert read_members("then") == ids("anna", "ben")
    assert lists.get_list("then").source == "The segment germans, frozen"


def test_a_list_is_changed_by_identifiers_of_any_kind():
    lists.create_list("fair", "me")
    assert lists.add_identifiers("fair", ["anna", " BEN@example.com ", "nobody"], "me") == (2, ("nobody",))
    assert lists.remove_identifiers("fair", ["ben", "carl"], "me") == (1, ())
    assert read_members("fair") == ids("anna")


def test_only_a_segment_that_exists_can_be_frozen():
    with pytest.raises(NotFoundError, match="no segment"):
        lists.freeze_segment("germans", "then", "me")
    assert lists.list_lists() == []


def test_a_list_in_use_cannot_be_deleted():
    lists.create_list("fair", "me")
    save({"name": "at-fair", "rule": {"kind": "list", "name": "fair"}})
    with pytest.raises(ConflictError, match="at-fair"):
        lists.delete_list("fair", "me")
    library.delete_segment("at-fair", "me")
    lists.delete_list("fair", "me")
    assert lists.list_lists() == []


def test_segments_that_ask_for_a_list_follow_its_changes():
    lists.create_list("fair", "me")
    save({"name": "at-fair", "rule": {"kind": "list", "name": "fair"}})
    save({"name": "not-at-fair", "rule": {"not": {"kind": "segment", "name": "at-fair"}}})
    save(GERMANS)
    SegmentDefinition.objects.update(built_version=1)
    anna = pa.array([customers.find_customer_id("anna")])
    assert lists.add_to_list("fair", anna, "me") == 1
    waiting = SegmentDefinition.objects.filter(built_version=0).values_list("name", flat=True)
    assert set(waiting) == {"at-fair", "not-at-fair"}
    around = look_around()
    assert count_node(around.find_segment("at-fair"), around).count == 1
    assert lists.remove_from_list("fair", anna, "me") == 1
    assert lists.remove_from_list("fair", anna, "me") == 0
    assert count_node(around.find_segment("at-fair"), around).count == 0
