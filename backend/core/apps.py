from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "backend.core"
    label = "core"

    def ready(self) -> None:
        from backend.core import checks, schema  # noqa: F401  both register themselves when they are loaded
        from backend.core.triggers import install_after_migrate

        post_migrate.connect(install_after_migrate, dispatch_uid="triggers")
