"""The same people as the room's other tests."""

from tenure.segments.tests.page_people import marketer, people, viewer

__all__ = ["marketer", "people", "viewer"]
