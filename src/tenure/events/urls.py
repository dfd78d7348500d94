"""Addresses of the imports."""

from django.urls import URLPattern, URLResolver, path

from tenure.events import views

app_name = "events"
urlpatterns: list[URLPattern | URLResolver] = [
    path("import/", views.start_import, name="import"),
    path("import/files/<str:token>/", views.confirm_columns, name="columns"),
    path("import/jobs/<int:job_id>/", views.show_job, name="job"),
    path("import/rejected/<str:name>", views.download_rejected, name="rejected"),
]
