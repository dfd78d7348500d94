"""Runs an operation in the server that holds the data folder."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tenure.base.errors import TenureError, UnavailableError
from tenure.base.json_text import encode
from tenure.cli.operations.operation import Progress
from tenure.cli.server_file import RunningServer

TOKEN_HEADER = "X-Tenure-Token"


class ServerGoneError(Exception):
    """Nobody listens at the address: the note is a dead server's, or it is just starting or stopping."""


def run_remotely(
    server: RunningServer, name: str, arguments: dict[str, Any], progress: Progress
) -> dict[str, Any]:
    """POST the operation and follow its progress lines. Errors: those of the operation itself."""
    address = urlsplit(server.address)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port or 80)
    try:
        connection.connect()
    except OSError as error:
        raise ServerGoneError from error
    try:
        connection.request(
            "POST",
            f"/_operations/{name}",
            body=json.dumps(arguments, default=encode).encode(),
            headers={"Content-Type": "application/json", TOKEN_HEADER: server.token},
        )
        return _read_lines(connection.getresponse(), progress)
    except (OSError, http.client.HTTPException) as error:
        raise _stopped() from error
    finally:
        connection.close()


def _read_lines(response: http.client.HTTPResponse, progress: Progress) -> dict[str, Any]:
    if response.status != 200:
        raise UnavailableError(
            "server_refused",
            f"The running server refused the command (status {response.status}). "
            "Restart the server, or stop it and run the command again.",
        )
    for line in response:
        message = json.loads(line)
        if "result" in message:
            result: dict[str, Any] = message["result"]
            return result
        if "error" in message:
            error = message["error"]
            raise TenureError(error["code"], error["message"], error.get("field"))
        if "progress" in message:
            progress(message["progress"], message.get("message", ""))
    raise _stopped()


def _stopped() -> UnavailableError:
    return UnavailableError(
        "server_stopped",
        "The server stopped while it worked on this. Look at its output, then run the command again.",
    )
