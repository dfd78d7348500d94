"""What is sound alone is sound together, and what an older version wrote stops nobody."""

from tenure.segments import api as segments
from tenure.segments.models import SegmentDefinition
from tenure.segments.tests.conftest import LiveShop

VIEWED = {"kind": "event", "event": "Product Viewed"}


def name_events(first: int, count: int) -> dict[str, object]:
    return {
        "any": [
            {"kind": "event", "event": f"E{number}", "window": {"days": 3}}
            for number in range(first, first + count)
        ]
    }


def test_segments_that_name_hundreds_of_events_together_are_right(live_shop: LiveShop) -> None:
    for number in range(5):
        live_shop.save(f"part-{number}", name_events(number * 50, 50))
    live_shop.save("quiet", {"not": name_events(0, 50)})
    live_shop.tell("ada", "E3")
    live_shop.tell("ben", "E249")
    live_shop.tell("eva", "Product Viewed")
    segments.rebuild_segments()
    assert all(not saved.trouble for saved in segments.list_segments())
    assert live_shop.members("part-0") == {"ada"}
    assert live_shop.members("part-4") == {"ben"}
    assert live_shop.members("part-2") == set()
    assert live_shop.members("quiet") == {"ben", "eva"}


def test_a_stored_rule_that_is_not_read_any_more_stops_no_other(live_shop: LiveShop) -> None:
    live_shop.save("viewers", VIEWED)
    live_shop.save("old", VIEWED)
    old = {"name": "old", "rule": {"kind": "of-old", "x": 1}}
    SegmentDefinition.objects.filter(name="old").update(definition=old, version=7)
    live_shop.tell("ada", "Product Viewed")
    segments.rebuild_segments()
    assert live_shop.members("viewers") == {"ada"}
    found = segments.get_segment("old")
    assert found.trouble.startswith("It cannot be read: rule.kind: there is no kind")
    assert found.segment.as_data()["rule"] == old["rule"]
    assert segments.describe_segment_whole("old")["name"] == "old"
    live_shop.save("old", VIEWED)
    segments.rebuild_segments()
    assert live_shop.members("old") == {"ada"}
