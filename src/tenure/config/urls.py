"""Every address of the product: the rooms' own lists, side by side."""

from django.urls import include, path

urlpatterns = [
    path("", include("tenure.insights.urls")),
    path("", include("tenure.web.urls")),
    path("", include("tenure.customers.urls")),
    path("", include("tenure.segments.urls")),
    path("", include("tenure.events.urls")),
    path("", include("tenure.content.urls")),
    path("", include("tenure.channels.urls")),
    path("", include("tenure.campaigns.urls")),
    path("", include("tenure.cli.urls")),
]

handler400 = "tenure.web.errors.bad_request"
handler403 = "tenure.web.errors.forbidden"
handler404 = "tenure.web.errors.not_found"
handler500 = "tenure.web.errors.server_error"
