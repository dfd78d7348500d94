"""The commands' entry into a running server: this machine only, with the token from the data folder."""

import hmac
import ipaddress
import json
import logging
import queue
import threading
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tenure.base.errors import TenureError
from tenure.base.json_text import encode
from tenure.cli.operations import get_operation
from tenure.cli.operations.operation import Operation
from tenure.cli.remote import TOKEN_HEADER
from tenure.cli.server_file import find_running_server
from tenure.config.environment import read_environment

logger = logging.getLogger(__name__)
_HEARTBEAT_SECONDS = 10.0
_TOKEN_KEY = "HTTP_" + TOKEN_HEADER.upper().replace("-", "_")


@csrf_exempt
@require_POST
def run_operation(request: HttpRequest, name: str) -> HttpResponseBase:
    """Run one operation; answer with a line of JSON per step and a last one with `result` or `error`."""
    if not _is_from_this_machine(request) or not _has_token(request):
        return HttpResponse("Commands come from this machine, with the token in the data folder.", status=403)
    try:
        arguments = json.loads(request.body)
        operation = get_operation(name)
    except TenureError as error:
        return JsonResponse({"error": error.as_dict()})
    except ValueError:
        return HttpResponse("The body must be a JSON object.", status=400)
    return StreamingHttpResponse(_stream(operation, arguments), content_type="application/x-ndjson")


def _is_from_this_machine(request: HttpRequest) -> bool:
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    server = find_running_server(read_environment().server_file)
    given = request.META.get(_TOKEN_KEY, "")
    return server is not None and hmac.compare_digest(given.encode(), server.token.encode())


def _stream(operation: Operation, arguments: dict[str, Any]) -> Iterator[bytes]:
    """The operation goes on in its own thread even when the command is interrupted."""
    lines: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(
        target=_work, args=(operation, arguments, lines), name=f"operation-{operation.name}", daemon=True
    ).start()
    while True:
        try:
            line = lines.get(timeout=_HEARTBEAT_SECONDS)
        except queue.Empty:
            line = {"heartbeat": True}
        yield json.dumps(line, default=encode).encode() + b"\n"
        if "result" in line or "error" in line:
            return


def _work(operation: Operation, arguments: dict[str, Any], lines: "queue.Queue[dict[str, Any]]") -> None:
    last: list[tuple[int | None, str]] = [(None, "")]

    def progress(share: float | None, message: str) -> None:
        current = (None if share is None else int(share * 200), message)
        if current != last[0]:
            last[0] = current
            lines.put({"progress": share, "message": message})

    try:
        lines.put({"result": operation.run(arguments, progress)})
    except TenureError as error:
        lines.put({"error": error.as_dict()})
    except Exception as error:
        logger.exception("operation %s failed", operation.name)
        lines.put({"error": {"code": "internal", "message": f"Unexpected error: {error}", "field": None}})
    finally:
        connection.close()
