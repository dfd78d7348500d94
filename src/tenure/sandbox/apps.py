from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "tenure.sandbox"
    label = "sandbox"
    default_auto_field = "django.db.models.BigAutoField"
