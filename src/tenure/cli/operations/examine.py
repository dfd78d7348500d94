"""Looks whether everything is in order."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Result: ok, events, customers, inbox, outbox, checks: [{name, level ok|warning|failed, ok (not failed), message, what_to_do}]."""
    from tenure.cli.checks import CHECKS, count_everything

    counts = count_everything()
    results = []
    for done, (name, check) in enumerate(CHECKS.items(), start=1):
        finding = check()
        results.append({"name": name, **finding.as_dict()})
        progress(done / len(CHECKS), name)
    return {"ok": all(result["ok"] for result in results), **counts, "checks": results}


OPERATION = Operation("doctor", run)
