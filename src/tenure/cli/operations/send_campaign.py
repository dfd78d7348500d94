"""Sends a campaign from a YAML file."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tenure.base.errors import ConflictError, TenureError, UnavailableError
from tenure.base.words import count_of
from tenure.cli.operations.operation import Operation, Progress

ACTOR = "command line"
_LOOK_EVERY_SECONDS = 0.2
_STOP_SECONDS = 5.0
PATIENCE_SECONDS = 30.0


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: file (absolute path), wait (seconds without a mail getting out; None: as long as it takes).

    Result: the campaign's report once all its mails are out; also_sending: [{name, waiting}], older campaigns
    whose waiting mails went out too. The same file again goes on with the same campaign. Errors: as reading a
    definition and starting it; `name_taken` when the name belongs to another campaign; `no_mail_server`;
    `mail_server_refuses` when nothing got out for `wait`; `nothing_sent` when every mail failed.
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
    others = [other for other in campaigns.list_unfinished() if other[0] != definition.name]
    if others:
        progress(None, f"Also sending {_name_all(others)}")
    with ExitStack() as stack:
        _run_sender(stack)
        events.wait_until_folded()
        campaign = known or campaigns.create_campaign(definition, ACTOR)
        campaigns.send_campaign(campaign.id, ACTOR, lambda share, text: progress(share / 2, text))
        _wait_until_sent(campaign.id, arguments.get("wait", PATIENCE_SECONDS), progress)
    events.wait_until_folded()
    report = campaigns.get_report(campaign.id)
    if report.state == "failed":
        raise TenureError("nothing_sent", report.statement)
    also = [{"name": name, "waiting": waiting} for name, waiting in others]
    return {**report.as_dict(), "also_sending": also}


def _name_all(others: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name!r} ({waiting:,} waiting)" for name, waiting in others)


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
    stack.callback(channels.stop_sender, _STOP_SECONDS)


def _wait_until_sent(campaign_id: int, wait: float | None, progress: Progress) -> None:
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
        done = f"{total - waiting:,} of {total:,} mails done"
        status = channels.get_sender_status()
        text = f"{done}. {status.text}" if status.state == "waiting" else done
        progress(0.5 + (total - waiting) / total / 2, text)
        if least_waiting is None or waiting < least_waiting:
            least_waiting, changed_at = waiting, time.monotonic()
        elif wait is not None and time.monotonic() - changed_at > wait:
            raise UnavailableError(
                "mail_server_refuses",
                f"{_explain_waiting(campaign_id)} {count_of(waiting, 'mail waits', 'mails wait')} in the outbox; "
                "the campaign goes on by itself when `tenure serve` runs and the mail server answers, or when "
                "this command is given again.",
            )
        time.sleep(_LOOK_EVERY_SECONDS)


def _explain_waiting(campaign_id: int) -> str:
    from tenure.channels import api as channels

    status = channels.get_sender_status()
    if status.state == "waiting":
        return f"{status.text.rstrip('.')}."
    errors = channels.count_errors(campaign_id)
    said = next((text or code for state, code, text, _ in errors if state in ("planned", "claimed")), "")
    if said:
        return f"The mail server refuses for now: {said.rstrip('.')}."
    return f"The mail server {status.transport_url} does not answer."


OPERATION = Operation("campaign.send", run)
