from django.urls import URLPattern, URLResolver, path

from tenure.campaigns import public_views, views

app_name = "campaigns"
urlpatterns: list[URLPattern | URLResolver] = [
    path("campaigns/", views.list_page, name="list"),
    path("campaigns/new/", views.new_page, name="new"),
    path("campaigns/new/preview/", views.preview_fragment, name="preview"),
    path("campaigns/new/mail/", views.preview_mail, name="preview-mail"),
    path("campaigns/<int:campaign_id>/", views.report_page, name="report"),
    path("campaigns/<int:campaign_id>/edit/", views.edit_page, name="edit"),
    path("campaigns/<int:campaign_id>/hold-out/", views.hold_out, name="hold-out"),
    path("campaigns/<int:campaign_id>/test/", views.send_test, name="test"),
    path("campaigns/<int:campaign_id>/discard/", views.discard, name="discard"),
    path("campaigns/<int:campaign_id>/mail/", views.campaign_mail, name="mail"),
    path("campaigns/<int:campaign_id>/progress/", views.progress_fragment, name="progress"),
    path("campaigns/<int:campaign_id>/send/", views.send, name="send"),
    path("campaigns/<int:campaign_id>/cancel/", views.cancel, name="cancel"),
    path(
        "campaigns/<int:campaign_id>/in-doubt/<int:delivery_id>/",
        views.resolve_in_doubt,
        name="resolve-in-doubt",
    ),
    path("t/o/<str:token>.gif", public_views.open_pixel, name="open"),
    path("t/c/<str:token>", public_views.follow_link, name="click"),
    path("u/<str:token>", public_views.unsubscribe, name="unsubscribe"),
]
