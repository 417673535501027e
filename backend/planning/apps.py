from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "backend.planning"
    label = "planning"

    def ready(self) -> None:
        from backend.jobs.handlers import register
        from backend.jobs.models import Kind
        from backend.planning.solids import SolidsHandler

        register(Kind.PLAN_SOLIDS, SolidsHandler())
