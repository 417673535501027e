from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "backend.studies"
    label = "studies"

    def ready(self) -> None:
        from backend.jobs.handlers import register
        from backend.jobs.models import Kind
        from backend.studies.blinding import BlindingHandler

        register(Kind.BLIND_VERSIONS, BlindingHandler())
