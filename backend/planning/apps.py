from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "backend.planning"
    label = "planning"
