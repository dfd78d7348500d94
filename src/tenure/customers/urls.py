"""Addresses of the customers."""

from django.urls import URLPattern, URLResolver, path

from tenure.customers import identity_views, views

app_name = "customers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", views.list_customers, name="list"),
    path("customers/export.csv", views.export_customers, name="export"),
    path("customers/<int:customer_id>/", views.show_customer, name="customer"),
    path("customers/<int:customer_id>/timeline/", views.show_timeline, name="timeline"),
    path("customers/<int:customer_id>/merge/", identity_views.merge, name="merge"),
    path("customers/<int:customer_id>/unmerge/", identity_views.unmerge, name="unmerge"),
]
