"""Sends a campaign from a YAML file."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tenure.base.errors import ConflictError, UnavailableError
from tenure.cli.operations.operation import Operation, Progress

ACTOR = "command line"
_LOOK_EVERY_SECONDS = 0.2
_PATIENCE_SECONDS = 30.0


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: file (absolute path). Result: the campaign's report once all its mails are out.

    The same file again goes on with the same campaign. Errors: as reading a definition; `name_taken` when the
    name belongs to another campaign; `no_mail_server`; `mail_server_unavailable` when it stops answering.
    """
    from tenure.campaigns import api as campaigns
    from tenure.events import api as events

    definition = campaigns.read_definition(Path(arguments["file"]))
    known = campaigns.find_campaign(definition.name)
    if known is not None and known.definition != definition:
        raise ConflictError(
            "name_taken",
            f"There is another campaign {definition.name!r}. Give this one another name.",
            "name",
        )
    with ExitStack() as stack:
        _run_sender(stack)
        events.wait_until_folded()
        campaign = known or campaigns.create_campaign(definition, ACTOR)
        campaigns.send_campaign(campaign.id, ACTOR, lambda share, text: progress(share / 2, text))
        _wait_until_sent(campaign.id, progress)
    events.wait_until_folded()
    return campaigns.get_report(campaign.id).as_dict()


def _run_sender(stack: ExitStack) -> None:
    """The server's sender, or one of our own for as long as `stack` lasts."""
    from tenure.channels import api as channels
    from tenure.config import wiring
    from tenure.config.environment import read_environment

    if channels.get_sender_status().state != "stopped":
        return
    environment = read_environment()
    if not environment.smtp_url:
        raise UnavailableError(
            "no_mail_server", "No mail server is set. Set TENURE_SMTP_URL, like smtp://user:password@host:587"
        )
    catcher = wiring.start_catcher(environment)
    if catcher:
        stack.callback(catcher.stop)
    wiring.start_sender(environment, catcher)
    stack.callback(channels.stop_sender)


def _wait_until_sent(campaign_id: int, progress: Progress) -> None:
    from tenure.campaigns import api as campaigns
    from tenure.channels import api as channels

    channels.notify()
    least_waiting, changed_at = None, time.monotonic()
    while True:
        states = channels.count_states(campaign_id)
        waiting, total = states["planned"] + states["claimed"], sum(states.values())
        if not waiting:
            campaigns.settle_all()
            return
        progress(0.5 + (total - waiting) / total / 2, f"{total - waiting:,} of {total:,} mails sent")
        if least_waiting is None or waiting < least_waiting:
            least_waiting, changed_at = waiting, time.monotonic()
        elif time.monotonic() - changed_at > _PATIENCE_SECONDS:
            raise UnavailableError(
                "mail_server_unavailable",
                f"{waiting:,} mails still wait: {channels.get_sender_status().text} They stay in the outbox. "
                "A running server tries again by itself; or run the command again with the same file.",
            )
        time.sleep(_LOOK_EVERY_SECONDS)


OPERATION = Operation("campaign.send", run)
