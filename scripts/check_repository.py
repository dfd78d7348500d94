"""What no other linter looks at: machine paths, sizes of files and functions, big files, left-overs."""

import ast
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LONGEST_FILE_LINES = 500
LONGEST_FUNCTION_LINES = 60
BIGGEST_FILE_BYTES = 1_000_000
EXCEPTIONS = REPOSITORY / "scripts" / "size_exceptions.txt"
MACHINE_PATH = re.compile(
    r"(^|[^A-Za-z0-9_.])/(root|mnt|Users|home/[a-z]+)/[a-z.]|index-url|--hash=sha256|\"resolved\": *\"http"
)
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX)\b")


def list_tracked_files() -> list[Path]:
    """What is in the repository, or would be with the next `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [REPOSITORY / name for name in listed.splitlines() if (REPOSITORY / name).is_file()]


def find_problems() -> list[str]:
    allowed = set(EXCEPTIONS.read_text().split()) if EXCEPTIONS.exists() else set()
    problems: list[str] = []
    for path in list_tracked_files():
        name = path.relative_to(REPOSITORY).as_posix()
        if path.stat().st_size > BIGGEST_FILE_BYTES:
            problems.append(f"{name}: over {BIGGEST_FILE_BYTES:,} bytes")
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        if path != Path(__file__).resolve():
            problems += [
                f"{name}:{n}: a path or address of one machine"
                for n, t in enumerate(lines, 1)
                if MACHINE_PATH.search(t)
            ]
            problems += [
                f"{name}:{n}: left over"
                for n, t in enumerate(lines, 1)
                if path.suffix == ".py" and LEFT_OVER.search(t)
            ]
        if path.suffix == ".py" and "migrations" not in path.parts and name not in allowed:
            problems += _find_long(name, "\n".join(lines), len(lines))
    return problems


def _find_long(name: str, source: str, line_count: int) -> list[str]:
    problems = []
    if line_count > LONGEST_FILE_LINES:
        problems.append(f"{name}: {line_count} lines, more than {LONGEST_FILE_LINES}")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION_LINES:
                problems.append(
                    f"{name}:{node.lineno}: {node.name} has {length} lines, more than {LONGEST_FUNCTION_LINES}"
                )
    return problems


if __name__ == "__main__":
    found = find_problems()
    sys.stderr.write("".join(f"{problem}\n" for problem in found))
    sys.exit(1 if found else 0)
