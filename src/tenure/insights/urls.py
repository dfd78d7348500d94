"""The first page's address."""

from django.urls import URLPattern, URLResolver, path

from tenure.insights import views

app_name = "insights"
urlpatterns: list[URLPattern | URLResolver] = [path("", views.show_dashboard, name="dashboard")]
