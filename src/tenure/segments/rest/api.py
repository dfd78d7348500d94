"""The door of the segments' part of the HTTP API: its routes and the shapes of its bodies."""

from tenure.segments.rest import lists, members, segments
from tenure.segments.rest.bodies import build_schemas

ROUTERS = (("/segments", members.router), ("/segments", segments.router), ("/lists", lists.router))
"""Fixed words before names: /segments/count is no segment."""

__all__ = ["ROUTERS", "build_schemas"]
