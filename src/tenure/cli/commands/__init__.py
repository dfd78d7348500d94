"""Every command of `tenure`, by subject, in one list."""

from tenure.cli.commands import (
    access,
    campaigns,
    customers,
    imports,
    lifecycle,
    presets,
    segments,
    server,
    static_lists,
    upkeep,
)

COMMAND_GROUPS = [
    server.register,
    access.register,
    imports.register,
    lifecycle.register,
    customers.register,
    campaigns.register,
    presets.register,
    segments.register,
    static_lists.register,
    upkeep.register,
]
