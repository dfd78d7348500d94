"""Addresses of the lifecycle pages."""

from django.urls import URLPattern, URLResolver, path

from tenure.segments import views

app_name = "segments"
urlpatterns: list[URLPattern | URLResolver] = [
    path("lifecycle/", views.show_lifecycle, name="lifecycle"),
    path("lifecycle/customers.csv", views.export_rfm, name="export"),
]
