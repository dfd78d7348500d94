"""The door of static lists."""

from tenure.segments.lists.files import (
    ListFile,
    Unknown,
    add_file_to_list,
    create_list_from_file,
    find_unknown_file,
    guess_column,
)
from tenure.segments.lists.library import (
    ListView,
    add_identifiers,
    add_to_list,
    create_list,
    create_list_of,
    delete_list,
    freeze_segment,
    get_list,
    list_lists,
    remove_from_list,
    remove_identifiers,
)
from tenure.segments.lists.members import build_list_members

__all__ = [
    "ListFile",
    "ListView",
    "Unknown",
    "add_file_to_list",
    "add_identifiers",
    "add_to_list",
    "build_list_members",
    "create_list",
    "create_list_from_file",
    "create_list_of",
    "delete_list",
    "find_unknown_file",
    "freeze_segment",
    "get_list",
    "guess_column",
    "list_lists",
    "remove_from_list",
    "remove_identifiers",
]
