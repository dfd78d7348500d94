"""Reports what a campaign earned."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name. Result: counts, the two groups, the difference with its interval, the sentence."""
    from tenure.campaigns import api as campaigns
    from tenure.events import api as events

    events.wait_until_folded()
    return campaigns.get_report(arguments["name"]).as_dict()


OPERATION = Operation("campaign.report", run)
