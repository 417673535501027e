from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "backend.exports"
    label = "exports"

    def ready(self) -> None:
        from backend.exports.design_job import DesignHandler
        from backend.exports.trial_job import TrialHandler
        from backend.jobs.handlers import register
        from backend.jobs.models import Kind

        register(Kind.DESIGN_GUIDE, DesignHandler())
        register(Kind.SCORE_GUIDE, TrialHandler())
