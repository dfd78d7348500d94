"""The caller's mistakes. Each says what is wrong, where, and what to do."""


class TenureError(Exception):
    """A mistake of the caller, with a stable `code`, a message for people and the `field` at fault."""

    status = 400

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field

    def as_dict(self) -> dict[str, str | None]:
        return {"code": self.code, "message": self.message, "field": self.field}


class NotFoundError(TenureError):
    """What was asked for does not exist."""

    status = 404


class ConflictError(TenureError):
    """The request does not fit the present state."""

    status = 409


class ForbiddenError(TenureError):
    """The caller may not do this."""

    status = 403


class UnauthenticatedError(TenureError):
    """Nobody knows who is asking."""

    status = 401


class TooLargeError(TenureError):
    """More was sent at once than is taken."""

    status = 413


class UnavailableError(TenureError):
    """Something that Tenure needs is not there right now (disk full, another process holds the data)."""

    status = 503
