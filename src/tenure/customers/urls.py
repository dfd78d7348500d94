"""Addresses of the customers."""

from django.urls import URLPattern, URLResolver, path

from tenure.customers import erasing_views, identity_views, views

app_name = "customers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", views.list_customers, name="list"),
    path("customers/export.csv", views.export_customers, name="export"),
    path("customers/<int:customer_id>/", views.show_customer, name="customer"),
    path("customers/<int:customer_id>/timeline/", views.show_timeline, name="timeline"),
    path("customers/<int:customer_id>/export.json", erasing_views.export_one, name="export-one"),
    path("customers/<int:customer_id>/erase/", erasing_views.erase, name="erase"),
    path("customers/erased/<int:receipt_id>/", erasing_views.show_receipt, name="receipt"),
    path("customers/<int:customer_id>/merge/", identity_views.merge, name="merge"),
    path("customers/<int:customer_id>/unmerge/", identity_views.unmerge, name="unmerge"),
]
