from pathlib import Path

import pytest

from tenure.base.yaml_file import BadYamlError, parse_yaml, read_yaml

BOMB = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(3))


def test_plain_yaml_is_read() -> None:
    assert parse_yaml("a: [1, {b: c}]") == {"a": [1, {"b": "c"}]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "line 2 has an alias"),
        ("a: " + "[" * 5_000, "nested"),
        ("a: " + "{b: " * 5_000, "nested"),
        ("a: " + "x" * 300_000, "more than 200,000 characters"),
        ("a: 2026-13-45", "a value cannot be read"),
        ("a: 1\nb: [", "line"),
    ],
)
def test_what_cannot_be_taken_is_explained_in_few_words(text: str, words: str) -> None:
    with pytest.raises(BadYamlError, match=words) as caught:
        parse_yaml(text)
    assert len(str(caught.value)) < 250


def test_a_file_is_not_read_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("a: " + "x" * 1_000)
    with pytest.raises(BadYamlError, match="more than 100"):
        read_yaml(path, 100)
