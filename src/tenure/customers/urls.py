"""Addresses of the customers."""

from django.urls import URLPattern, URLResolver, path

from tenure.customers import views

app_name = "customers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", views.list_customers, name="list"),
    path("customers/export.csv", views.export_customers, name="export"),
    path("customers/<int:customer_id>/", views.show_customer, name="customer"),
    path("customers/<int:customer_id>/timeline/", views.show_timeline, name="timeline"),
]
