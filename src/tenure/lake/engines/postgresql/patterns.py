"""Regular expressions as PostgreSQL reads them. The lake's are RE2's, as in DuckDB."""

from sqlglot import exp

_CLASSES = {"L": "[:alpha:]", "N": "[:digit:]", "Lu": "[:upper:]", "Ll": "[:lower:]", "P": "[:punct:]"}


def rewrite_pattern(node: exp.Expr) -> exp.Expr:
    """A condition with a pattern as text, its classes of Unicode letters in PostgreSQL's words."""
    pattern = node.expression
    if isinstance(pattern, exp.Literal) and pattern.is_string and "\\" in pattern.name:
        pattern.replace(exp.Literal.string(translate_pattern(pattern.name)))
    return node


def translate_pattern(pattern: str) -> str:
    """`\\p{L}` as `[[:alpha:]]`, inside of brackets as `[:alpha:]`; `\\z` as `\\Z`."""
    parts: list[str] = []
    position, is_inside = 0, False
    while position < len(pattern):
        letter = pattern[position]
        if letter == "\\" and position + 1 < len(pattern):
            token, position = _read_escape(pattern, position, is_inside)
            parts.append(token)
            continue
        if letter == "[" and not is_inside:
            is_inside = True
        elif letter == "]" and is_inside and parts[-1] not in ("[", "[^"):
            is_inside = False
        elif letter == "^" and parts and parts[-1] == "[":
            parts[-1] = "[^"
            position += 1
            continue
        parts.append(letter)
        position += 1
    return "".join(parts)


def _read_escape(pattern: str, position: int, is_inside: bool) -> tuple[str, int]:
    """The escape at `position` in PostgreSQL's words, and where it ends."""
    kind = pattern[position + 1]
    if kind == "p" and pattern[position + 2 : position + 3] == "{":
        end = pattern.index("}", position)
        named = _CLASSES[pattern[position + 3 : end]]
        return (named if is_inside else f"[{named}]"), end + 1
    if kind == "z":
        return "\\Z", position + 2
    return pattern[position : position + 2], position + 2
