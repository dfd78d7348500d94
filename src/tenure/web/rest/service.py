"""The HTTP API: every room's routes under /api/v1, one way of signing in, one shape of errors."""

import json
import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import Swagger
from ninja.renderers import BaseRenderer

from tenure.base.errors import TenureError
from tenure.base.json_text import encode
from tenure.segments.rest import api as segments
from tenure.web.rest.auth import ApiKeyOrSession
from tenure.web.rest.errors import answer_error

logger = logging.getLogger(__name__)

ROUTERS = segments.ROUTERS
SCHEMAS = (segments.build_schemas,)
ROOT = "/api/v1/"
DESCRIPTION = 'Segments and static lists of Tenure. Errors are `{"error": {"code", "message", "field"}}`.'
_ERRORS = {
    "400": "Something given is wrong; `field` names the place",
    "401": "No key, a wrong one or a revoked one",
    "403": "The key's role may not do this",
    "404": "There is nothing of that name",
}


class Renderer(BaseRenderer):
    """JSON as the command line writes it."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:
        return json.dumps(data, default=encode, ensure_ascii=False)


class Page(Swagger):
    """Its scripts are served from the package; it asks nobody else."""

    def get_openapi_url(self, api: NinjaAPI, path_params: dict[str, Any]) -> str:
        return f"{ROOT}openapi.json"


class RestApi(NinjaAPI):
    """Its description says which role a route needs, and its answers are kept nowhere on the way."""

    def create_response(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().create_response(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def get_root_path(self, path_params: dict[str, Any]) -> str:
        return ROOT

    def get_openapi_operation_id(self, operation: Any) -> str:
        module = str(operation.view_func.__module__).rsplit(".", 1)[-1]
        return f"{module}_{operation.view_func.__name__}"

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        document = super().get_openapi_schema(**kwargs)
        schemas = document["components"].setdefault("schemas", {})
        for build in SCHEMAS:
            schemas |= build()
        schemas["Error"] = _ERROR_SCHEMA
        roles = {self.get_openapi_operation_id(one): one.view_func.role for one in self._list_operations()}
        document["paths"] = dict(sorted(document["paths"].items(), key=_place))
        for methods in document["paths"].values():
            for operation in methods.values():
                role = roles[operation["operationId"]]
                operation["x-role"] = role
                operation["description"] = (
                    f"{operation.get('description', '')}\n\nNeeds the role {role}.".strip()
                )
                for status, text in _ERRORS.items():
                    operation["responses"][status] = {"description": text, "content": _ERROR_CONTENT}
        return document

    def _list_operations(self) -> list[Any]:
        return [
            operation
            for _, router in ROUTERS
            for view in router.path_operations.values()
            for operation in view.operations
        ]


def _place(item: tuple[str, Any]) -> tuple[int, str]:
    """The order of the description: as the rooms come, fixed words before names."""
    prefixes = list(dict.fromkeys(prefix for prefix, _ in ROUTERS))
    path = item[0].removeprefix(ROOT.rstrip("/"))
    return next(n for n, prefix in enumerate(prefixes) if path.startswith(prefix)), path


DOCS = Page({"validatorUrl": None, "defaultModelsExpandDepth": 0})
_ERROR_SCHEMA = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "field": {"type": ["string", "null"]},
            },
        }
    },
}
_ERROR_CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}


def _build() -> RestApi:
    rest = RestApi(
        title="Tenure",
        version="1",
        description=DESCRIPTION,
        docs=DOCS,
        docs_url=None,
        urls_namespace="api-v1",
        auth=ApiKeyOrSession(),
        renderer=Renderer(),
    )
    for prefix, router in ROUTERS:
        rest.add_router(prefix, router)
    for kind, answer in _ANSWERS:
        rest.add_exception_handler(kind, answer)
    return rest


def _answer_mistake(request: HttpRequest, error: TenureError) -> HttpResponse:
    return answer_error(error.status, error.code, error.message, error.field)


def _answer_parameter(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or "request"
    message = str(first["msg"])
    return answer_error(400, "bad_parameter", f"{place}: {message[:1].lower()}{message[1:250]}.", place)


def _answer_http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer_error(error.status_code, "bad_request", str(error))


def _answer_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.exception("%s %s failed", request.method, request.path)
    message = (
        "Something went wrong on our side. Try again in a minute; if it stays, look at the server's log."
    )
    return answer_error(500, "internal", message)


_ANSWERS: tuple[tuple[Any, Any], ...] = (
    (TenureError, _answer_mistake),
    (ValidationError, _answer_parameter),
    (HttpError, _answer_http),
    (Exception, _answer_fault),
)
api = _build()
