"""Addresses of the shell: sign-in, appearance, glossary, settings, the HTTP API."""

from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.generic import RedirectView

from tenure.web import api_key_pages, settings_pages, views
from tenure.web.rest.service import api
from tenure.web.rest.views import say_no_route, show_docs

app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [
    path("favicon.ico", RedirectView.as_view(url=static("web/mark.svg"))),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("theme/", views.choose_theme, name="theme"),
    path("glossary/", views.show_glossary, name="glossary"),
    path("settings/", settings_pages.show_settings, name="settings"),
    path("settings/users/", settings_pages.manage_users, name="users"),
    path("settings/users/<int:user_id>/", settings_pages.change_user, name="change_user"),
    path("settings/keys/", settings_pages.manage_keys, name="keys"),
    path("settings/keys/<int:key_id>/revoke/", settings_pages.revoke_key, name="revoke_key"),
    path("settings/api-keys/", api_key_pages.manage_api_keys, name="api_keys"),
    path("settings/api-keys/<int:key_id>/revoke/", api_key_pages.revoke, name="revoke_api_key"),
    path("api/v1/docs", show_docs, name="api_docs"),
    path("api/v1/", say_no_route),
    path("api/v1/", api.urls),
    re_path("^api/", say_no_route),
    path("settings/audit/", settings_pages.show_audit, name="audit"),
    path("settings/presets/", settings_pages.show_presets, name="presets"),
    path("settings/sending/", settings_pages.show_sending, name="sending"),
]
