"""Where a running server takes commands from the same machine."""

from django.urls import URLPattern, URLResolver, path

from tenure.cli import views

app_name = "cli"
urlpatterns: list[URLPattern | URLResolver] = [
    path("_operations/<str:name>", views.run_operation, name="operation"),
]
