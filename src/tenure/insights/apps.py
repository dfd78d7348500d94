from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "tenure.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"
