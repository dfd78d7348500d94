"""Addresses of the lifecycle pages."""

from django.urls import URLPattern, URLResolver, path

from tenure.segments import file_views, views

app_name = "segments"
urlpatterns: list[URLPattern | URLResolver] = [
    path("lifecycle/", views.show_lifecycle, name="lifecycle"),
    path("lifecycle/customers.csv", views.export_rfm, name="export"),
    path("lifecycle/file/", file_views.choose_file, name="file"),
    path("lifecycle/file/jobs/<int:job_id>/", file_views.show_result, name="file_result"),
    path("lifecycle/file/<str:token>/", file_views.confirm_columns, name="file_columns"),
    path("lifecycle/file/<str:token>/segments.csv", file_views.download_rows, name="file_rows"),
]
