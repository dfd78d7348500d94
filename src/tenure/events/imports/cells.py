"""Cells of the raw rows as engine expressions, and the JSON text made of them."""

from collections.abc import Mapping

from tenure.events.imports.bytestream import BROKEN
from tenure.events.imports.reading import RawRows

_MISSING_IDS = "'', 'null', 'nan', 'none', 'n/a', '\\n'"


class Cells:
    """The mapped columns of `rows`, by field."""

    def __init__(self, rows: RawRows, mapping: Mapping[str, str], has_broken_text: bool) -> None:
        self.rows = rows
        self.relation = rows.trimmed
        self.mapping = mapping
        self._has_broken_text = has_broken_text

    def __contains__(self, field: str) -> bool:
        return field in self.mapping

    def position(self, field: str) -> str:
        return self.rows.position(self.mapping[field])

    def raw(self, field: str) -> str:
        """The cell, NULL where empty; broken bytes stay marked."""
        return self.position(field) if field in self.mapping else "NULL::VARCHAR"

    def text(self, field: str) -> str:
        """The cell for people; broken bytes are shown as the replacement character."""
        return self.mend(self.raw(field)) if field in self.mapping else "NULL::VARCHAR"

    def mend(self, expression: str) -> str:
        if not self._has_broken_text:
            return expression
        return f"replace({expression}, {quote(BROKEN)}, '\ufffd')"

    def identifier(self, field: str) -> str:
        """An id as written, NULL where it says that there is none (nan, null, none, n/a)."""
        if field not in self.mapping:
            return "NULL::VARCHAR"
        cell = self.raw(field)
        return f"CASE WHEN lower({cell}) NOT IN ({_MISSING_IDS}) THEN {cell} END"

    def email(self, field: str = "email") -> str:
        """A trimmed address in lower case, NULL where it is none."""
        if field not in self.mapping:
            return "NULL::VARCHAR"
        cell = f"lower({self.raw(field)})"
        return f"CASE WHEN regexp_matches({cell}, '^[^@\\s,;<>]+@[^@\\s,;<>]+$') THEN {cell} END"

    def is_broken(self, fields: tuple[str, ...]) -> str:
        """Whether one of `fields` holds bytes that are no text."""
        tests = [
            f"contains({self.position(name)}, {quote(BROKEN)})" for name in fields if name in self.mapping
        ]
        if not tests or not self._has_broken_text:
            return "false"
        return "coalesce(" + " OR ".join(f"coalesce({test}, false)" for test in tests) + ", false)"


def quote(text: str) -> str:
    """An SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def json_text(expression: str) -> str:
    """The JSON text of a VARCHAR expression."""
    return f"to_json({expression})::VARCHAR"


def json_number(expression: str) -> str:
    """The JSON text of a DECIMAL expression with a scale, without trailing zeros: 2.50 is 2.5, 3.00 is 3."""
    return f"rtrim(rtrim(({expression})::VARCHAR, '0'), '.')"


def json_object(members: Mapping[str, str]) -> str:
    """A JSON object of names and expressions that give JSON text; members that are NULL are left out."""
    if not members:
        return "'{}'"
    parts = [
        f"coalesce({quote(',' + encode_name(name) + ':')} || {value}, '')" for name, value in members.items()
    ]
    return "'{' || substr(" + " || ".join(parts) + ", 2) || '}'"


def encode_name(name: str) -> str:
    """A member's name as JSON text."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char >= " " else f"\\u{ord(char):04x}" for char in escaped) + '"'


def message_id(*parts: str) -> str:
    """A deterministic id: "import:" and 128 bits over `parts` (expressions giving text)."""
    joined = ", ".join(f"coalesce({part}, chr(30))" for part in parts)
    return f"'import:' || md5(concat_ws(chr(31), {joined}))"
