"""Write constraints.txt from what is installed here: the versions that were tested together.

Run it in an environment made by `make install` after an upgrade: `.venv/bin/python scripts/write_constraints.py`.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parent.parent
HEADER = (
    "# The versions tested together; plain pins, so that any index can serve them.\n"
    "# Written by scripts/write_constraints.py.\n"
)


def list_pins(root: str) -> list[str]:
    """`name==version` of all that `root` with its test extra needs, directly or not, as far as installed."""
    pins: dict[str, str] = {}
    queue = [Requirement(f"{root}[test]")]
    seen: set[str] = set()
    while queue:
        wanted = queue.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        try:
            package = distribution(wanted.name)
        except PackageNotFoundError:
            continue
        name = canonicalize_name(wanted.name)
        pins[name] = f"{name}=={package.version}"
        extras = wanted.extras or {""}
        for line in package.requires or []:
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                queue.append(requirement)
    pins.pop(root)
    return sorted(pins.values())


if __name__ == "__main__":
    (REPOSITORY / "constraints.txt").write_text(HEADER + "\n".join(list_pins("tenure")) + "\n")
