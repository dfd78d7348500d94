"""A file of identifiers becomes a list; what names nobody is told with its line."""

import csv

import pytest

from tenure.base.errors import ConflictError, TenureError
from tenure.base.models import AuditEntry
from tenure.customers import api as customers
from tenure.lake import api as lakes
from tenure.segments.lists import api as lists
from tenure.segments.lists.tests.conftest import identify, tell

pytestmark = pytest.mark.usefixtures("people")


def read_members(name: str) -> set[int]:
    rows = lakes.current().read_rows(lists.build_list_members(lists.get_list(name).id))
    return {row["customer_id"] for row in rows}


def ids(*names: str) -> set[int | None]:
    return {customers.find_customer_id(name) for name in names}


def test_one_column_may_hold_user_ids_addresses_and_anonymous_ids(write):
    path = write("who;note\nanna;x\n BEN@example.com ;y\ncookie-1;z\n")
    found = lists.create_list_from_file("fair", path, "me")
    assert (found.column, found.row_count, found.added_count, found.unknown_count) == ("who", 3, 3, 0)
    assert read_members("fair") == ids("anna", "ben", "cookie-1")
    assert found.unknown_file is None


def test_the_column_that_names_most_people_is_taken(write):
    path = write("name,number,contact\nAnna,1,anna@example.com\nBen,2,ben@example.com\n")
    assert lists.create_list_from_file("fair", path, "me").column == "contact"


def test_another_column_can_be_named(write):
    path = write("first,second\nanna,ben\nanna,carl\n")
    lists.create_list_from_file("fair", path, "me", column="second")
    assert read_members("fair") == ids("ben", "carl")
    with pytest.raises(TenureError, match="third"):
        lists.create_list_from_file("other", path, "me", column="third")


def test_a_bare_list_of_identifiers_has_no_heading(write):
    path = write("anna\nben\n")
    assert lists.create_list_from_file("fair", path, "me").added_count == 2


def test_unknown_identifiers_are_told_with_their_lines(write):
    path = write("id\nanna\nnobody\n\nben\nzed@example.com\nanna\n")
    found = lists.create_list_from_file("fair", path, "me")
    assert [(one.line, one.value) for one in found.unknown] == [(3, "nobody"), (6, "zed@example.com")]
    assert (found.added_count, found.repeated_count, found.unknown_count) == (2, 1, 2)
    with found.unknown_file.open() as file:
        assert list(csv.reader(file)) == [["line", "identifier"], ["3", "nobody"], ["6", "zed@example.com"]]
    assert lists.find_unknown_file("fair") == found.unknown_file


def test_a_file_that_names_nobody_makes_no_list(write):
    with pytest.raises(TenureError, match="names a known customer"):
        lists.create_list_from_file("fair", write("id\nx\ny\n"), "me")
    assert lists.list_lists() == []


def test_a_second_file_adds_only_who_is_new(write):
    lists.create_list_from_file("fair", write("id\nanna\n"), "me")
    again = lists.add_file_to_list("fair", write("id\nanna\nben\n"), "me")
    assert (again.added_count, again.repeated_count) == (1, 1)
    assert lists.get_list("fair").member_count == 2


def test_members_follow_a_merge(write):
    lists.create_list_from_file("fair", write("id\ncookie-1\nanna\n"), "me")
    tell(identify("dora", "cookie-1"))
    assert read_members("fair") == ids("anna", "dora")
    tell(identify("carl", "cookie-2", shoe=1), identify(None, "cookie-3", shoe=2))
    lists.add_file_to_list("fair", write("id\ncookie-3\n"), "me")
    tell(identify("anna", "cookie-3", shoe=3))
    assert read_members("fair") == ids("anna", "dora")
    assert lists.get_list("fair").member_count == 2


def test_a_name_is_taken_once_and_has_a_form(write):
    path = write("id\nanna\n")
    lists.create_list_from_file("fair", path, "me")
    with pytest.raises(ConflictError, match="already"):
        lists.create_list_from_file("fair", path, "me")
    with pytest.raises(TenureError, match="small letters"):
        lists.create_list_from_file("The Fair", path, "me")


def test_what_happens_to_a_list_is_audited(write):
    lists.create_list_from_file("fair", write("id\nanna\n"), "me")
    lists.delete_list("fair", "me")
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == [
        "list.created",
        "list.added",
        "list.deleted",
    ]


def test_quotes_and_nonsense_in_identifiers_are_only_text(write):
    path = write('id\nanna\n\'; DROP TABLE list_members; --\n"a""b"\n' + "x" * 5000 + "\n")
    found = lists.create_list_from_file("fair", path, "me")
    assert (found.added_count, found.unknown_count) == (1, 3)
