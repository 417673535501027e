from django.apps import AppConfig


class ImagingConfig(AppConfig):
    name = "backend.imaging"
    label = "imaging"

    def ready(self) -> None:
        from backend.imaging.comparison import ComparisonHandler
        from backend.imaging.ct import CtReconstructionHandler
        from backend.imaging.imports import ImportHandler
        from backend.imaging.reconstruction import ReconstructionHandler
        from backend.jobs.handlers import register
        from backend.jobs.models import Kind

        register(Kind.RECONSTRUCT, ReconstructionHandler())
        register(Kind.RECONSTRUCT_CT, CtReconstructionHandler())
        register(Kind.IMPORT_BONES, ImportHandler())
        register(Kind.COMPARE_BONES, ComparisonHandler())
