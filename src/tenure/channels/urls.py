from django.urls import URLPattern, URLResolver, path

from tenure.channels import views

app_name = "channels"
urlpatterns: list[URLPattern | URLResolver] = [
    path("mailbox/", views.show_mailbox, name="mailbox"),
    path("mailbox/<int:mail_id>/", views.show_mail, name="mail"),
    path("mailbox/<int:mail_id>/body/", views.show_body, name="mail-body"),
    path("mailbox/<int:mail_id>/source/", views.show_source, name="mail-source"),
]
