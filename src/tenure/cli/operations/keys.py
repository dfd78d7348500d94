"""Write keys for the tracking API, and API keys for programs: made, listed, revoked."""

from typing import Any

from tenure.base.errors import NotFoundError, TenureError
from tenure.cli.operations.operation import Operation, Progress

ACTOR = "command line"
_SHORTEST_START = 5


def create(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: name, role or None for a write key. Result: key (shown this once), name, kind (write, api), role."""
    from tenure.base.api_keys import create_api_key
    from tenure.base.audit import record_audit
    from tenure.events import api as events

    name, role = arguments["name"], arguments.get("role")
    if role:
        return {"key": create_api_key(name, role, ACTOR), "name": name, "kind": "api", "role": role}
    key = events.create_write_key(name)
    record_audit(ACTOR, "key.created", name, start=key[:8])
    return {"key": key, "name": name, "kind": "write", "role": None}


def list_all(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Result: keys: [{start, name, kind, role, created_by, created_at, last_used_at, revoked_at}]; never a key itself."""
    from tenure.base.api_keys import list_api_keys
    from tenure.events import api as events

    rows = [
        {
            "start": key.start,
            "name": key.name,
            "kind": "api",
            "role": key.role,
            "created_by": key.created_by,
            "created_at": key.created_at,
            "last_used_at": key.last_used_at,
            "revoked_at": key.revoked_at,
        }
        for key in list_api_keys()
    ]
    rows += [
        {
            "start": key.key_start,
            "name": key.name,
            "kind": "write",
            "role": None,
            "created_by": None,
            "created_at": key.created_at,
            "last_used_at": None,
            "revoked_at": key.revoked_at,
        }
        for key in events.list_write_keys()
    ]
    return {"keys": rows}


def revoke(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: start (how the key begins, or all of it). Result: start, name, kind. Errors: no such active key."""
    from tenure.base.api_keys import list_api_keys, revoke_api_key
    from tenure.base.audit import record_audit
    from tenure.events import api as events

    asked = arguments["start"]
    api = [(key.start, key.name, "api", key.id) for key in list_api_keys() if key.revoked_at is None]
    write = [
        (key.key_start, key.name, "write", key.id) for key in events.list_write_keys() if not key.revoked_at
    ]
    found = [one for one in (*api, *write) if one[0].startswith(asked) or asked.startswith(one[0])]
    if not found or len(asked) < _SHORTEST_START:
        raise NotFoundError(
            "no_such_key",
            f"No active key starts with {asked[:8]!r}. `tenure key list` shows how each starts.",
            "start",
        )
    if len(found) > 1:
        raise TenureError(
            "several_keys",
            f"{len(found)} keys start with {asked[:8]!r}. Give more of it, or revoke it under Settings.",
            "start",
        )
    start, name, kind, key_id = found[0]
    if kind == "api":
        revoke_api_key(key_id, ACTOR)
    else:
        events.revoke_write_key(key_id)
        record_audit(ACTOR, "key.revoked", str(key_id))
    return {"start": start, "name": name, "kind": kind}


OPERATIONS = (
    Operation("key.create", create),
    Operation("key.list", list_all),
    Operation("key.revoke", revoke),
)
