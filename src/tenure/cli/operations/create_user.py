"""Creates somebody who may sign in."""

from typing import Any

from tenure.cli.operations.operation import Operation, Progress


def run(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Arguments: email, password, role or None, name. Result: email, role, name."""
    from tenure.base.access import create_user
    from tenure.base.audit import record_audit
    from tenure.base.models import User

    role = arguments["role"] or ("marketer" if User.objects.exists() else "admin")
    user = create_user(arguments["email"], arguments["password"], role, arguments["name"])
    record_audit("command line", "user.created", user.email, role=user.role)
    return {"email": user.email, "role": user.role, "name": user.name}


OPERATION = Operation("user.create", run)
