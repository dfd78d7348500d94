"""What the audit log's verbs mean, in words."""

WORDS = {
    "api_key.created": "Made an API key",
    "api_key.revoked": "Revoked an API key",
    "campaign.cancelled": "Stopped a campaign",
    "campaign.created": "Made a campaign",
    "campaign.changed": "Changed a campaign",
    "campaign.doubt_resolved": "Decided on a mail in doubt",
    "campaign.tested": "Sent a test mail",
    "campaign.sent": "Sent a campaign",
    "customers.exported": "Exported customers",
    "customer.erased": "Erased a customer",
    "customer.exported": "Exported a customer",
    "customer.merged": "Merged two customers",
    "customer.unmerged": "Took two customers apart",
    "customer.unsubscribed": "Unsubscribed",
    "data.backed_up": "Backed the data up",
    "file.imported": "Imported a file",
    "import.finished": "Finished an import",
    "import.started": "Started an import",
    "key.created": "Made a write key",
    "key.revoked": "Revoked a write key",
    "list.added": "Added customers to a list",
    "list.created": "Made a list",
    "list.deleted": "Deleted a list",
    "list.frozen": "Froze a segment as a list",
    "list.removed": "Took customers off a list",
    "preset.saved": "Saved a preset",
    "segment.deleted": "Deleted a segment",
    "segment.saved": "Saved a segment",
    "segments.refreshed": "Renewed the segments",
    "stages.deleted": "Took a stage model out of use",
    "stages.saved": "Saved a stage model",
    "user.activated": "Activated a user",
    "user.created": "Added a user",
    "user.deactivated": "Deactivated a user",
    "user.password_changed": "Changed the own password",
    "user.password_reset": "Gave a user a new password",
    "user.role_changed": "Changed the role of a user",
    "user.sign_in_failed": "Failed to sign in",
    "user.sign_in_limited": "Was made to wait after failed sign-ins",
    "user.signed_in": "Signed in",
    "user.signed_out": "Signed out",
}


def say_verb(verb: str) -> str:
    """`user.signed_in` to "Signed in"; one without words is taken apart."""
    if verb in WORDS:
        return WORDS[verb]
    words = verb.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
