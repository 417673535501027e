from django.apps import AppConfig


class ImagingConfig(AppConfig):
    name = "backend.imaging"
    label = "imaging"

    def ready(self) -> None:
        from backend.imaging.reconstruction import ReconstructionHandler
        from backend.jobs.handlers import register
        from backend.jobs.models import Kind

        register(Kind.RECONSTRUCT, ReconstructionHandler())
