"""The main menu."""

from dataclasses import dataclass

from django import template
from django.template import Context

from tenure.web.mailbox import is_mailbox_running

register = template.Library()


@dataclass(frozen=True)
class NavItem:
    name: str
    href: str
    icon: str
    is_active: bool = False


ITEMS = (
    NavItem("Dashboard", "/", "layout-dashboard"),
    NavItem("Customers", "/customers/", "users"),
    NavItem("Lifecycle (RFM)", "/lifecycle/", "grid-3x3"),
    NavItem("Segments", "/segments/", "funnel"),
    NavItem("Campaigns", "/campaigns/", "send"),
    NavItem("Import", "/import/", "upload"),
    NavItem("Mailbox", "/mailbox/", "inbox"),
    NavItem("Settings", "/settings/", "settings"),
)


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[NavItem]:
    """The items for this reader, the present one marked."""
    request = context.get("request")
    here = request.path if request else ""
    hidden = set() if context.get("may_act") else {"/import/"}
    if not is_mailbox_running():
        hidden.add("/mailbox/")
    shown = [item for item in ITEMS if item.href not in hidden]
    return [
        NavItem(
            item.name,
            item.href,
            item.icon,
            here == item.href or (item.href != "/" and here.startswith(item.href)),
        )
        for item in shown
    ]
