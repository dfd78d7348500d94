"""Addresses of the first page."""

from django.urls import URLPattern, URLResolver, path

from tenure.insights import views

app_name = "insights"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.show_dashboard, name="dashboard"),
    path("dashboard/last-campaign/", views.show_last_campaign, name="last_campaign"),
]
