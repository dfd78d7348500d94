"""Builds docs/reference/http-api.md from the API's own description; run by write_reference.py."""

import os
from pathlib import Path
from typing import Any

import django

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "http-api.md"
INTRODUCTION = """# HTTP API

<!-- Written by `make docs` from the routes themselves. Do not edit. -->

Segments and static lists for programs, under `/api/v1` ([how to](../how-to/use-the-http-api.md)). A running server describes it at
`/api/v1/openapi.json` (OpenAPI 3.1, every kind of rule included) and shows it at `/api/v1/docs`, where somebody who is signed in
can try it.

**Signing in.** `Authorization: Bearer KEY`. An admin makes keys under Settings, API keys, or with
`tenure key create --name NAME --role ROLE`. A key is shown once; only its hash is kept. It may do what its role may: `viewer` looks,
`marketer` changes and exports. The audit log names the key. A page of somebody who is signed in may call it too, with the header
`X-CSRFToken` where something changes.

**Answers** are JSON, the same as the command line prints with `--json`. Lists come in pages: give `next_cursor` of an answer as
`cursor` of the next call, until it is null. A segment that was just saved is `being computed` for moments; with `?wait=true` the
answer comes once it is built.

**Errors** are `{"error": {"code", "message", "field"}}`; `field` names the place, as in `rule.all[1].window.days`.

| status | when |
|---|---|
| 400 | what was sent is wrong: `bad_json`, `bad_segment`, `bad_rule`, `unknown_name`, `circle`, `bad_list`, `nobody_known`, `bad_parameter`, `bad_cursor`, ... |
| 401 | `no_key`, `bad_authorization`, `bad_key`, `revoked_key` |
| 403 | `missing_role`, `csrf` |
| 404 | `no_such_segment`, `no_such_list`, `no_such_customer`; the message names the nearest |
| 405 | `wrong_method` |
| 409 | `name_taken`; `segment_in_use` and `list_in_use`, which name what refers to it; `changed_meanwhile` |
| 413 | `too_large`: a body has at most 5 MB |
| 500 | `internal`: our fault; the server's log has it |
| 503 | something that Tenure needs is not there right now |

What is allowed and probably not meant, like an event that nobody has seen, is a warning: `warnings: [{place, message}]`, with the
nearest names.
"""


def build_http_reference() -> str:
    """The page as Markdown."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
    django.setup()
    from tenure.web.rest.api import build_document

    document = build_document()
    schemas, parts = document["components"]["schemas"], [INTRODUCTION]
    for path, methods in document["paths"].items():
        parts += [_describe(method.upper(), path, route, schemas) for method, route in methods.items()]
    return "\n".join(parts)


def _describe(method: str, path: str, route: dict[str, Any], schemas: dict[str, Any]) -> str:
    lines = [f"## {method} {path.removeprefix('/api/v1')}", ""]
    told = route["description"].replace("\n\n", " ")
    lines += [f"{route['summary']}. {told}", ""]
    parameters = [one for one in route["parameters"] if one["in"] == "query"]
    if parameters:
        rows = [f"| `{one['name']}` | {_say(one)} |" for one in parameters]
        lines += ["| parameter | |", "|---|---|", *rows, ""]
    if "requestBody" in route:
        lines += [f"Body: {_fields(route['requestBody'], schemas)}.", ""]
    answers = [text for status, text in route["responses"].items() if str(status).startswith("2")]
    lines += [f"Answer: {_fields(answers[0], schemas)}.", ""]
    return "\n".join(lines)


def _say(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    parts = [parameter.get("description", "")]
    if "minimum" in schema:
        parts.append(f"{schema['minimum']:,} to {schema['maximum']:,}.")
    if parameter["required"]:
        parts.append("Required.")
    elif schema.get("default") not in (None, "", False):
        parts.append(f"Default: {schema['default']}.")
    return " ".join(part for part in parts if part)


def _fields(content: dict[str, Any], schemas: dict[str, Any]) -> str:
    reference = content["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    schema = schemas[reference]
    named = [
        f"`{name}`" + (" (may be missing)" if name not in schema.get("required", []) else "")
        for name in schema["properties"]
    ]
    said = schema.get("description", "").strip().removesuffix(".")
    return ", ".join(named) + (f". {said}" if said else "")


if __name__ == "__main__":
    PAGE.write_text(build_http_reference(), encoding="utf-8")
