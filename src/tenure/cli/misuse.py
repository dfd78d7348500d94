"""A command that was called in a way that cannot work: exit code 2."""

from tenure.base.errors import TenureError


class MisuseError(TenureError):
    """What was typed makes no sense, whatever the data."""

    exit_code = 2
