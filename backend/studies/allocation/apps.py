from django.apps import AppConfig


class AllocationConfig(AppConfig):
    name = "backend.studies.allocation"
    label = "allocation"

    def ready(self) -> None:
        from backend.studies import showing, signals
        from backend.studies.allocation import sealing

        signals.extended.connect(sealing.seal_extension, dispatch_uid="allocation")
        signals.case_withdrawn.connect(sealing.withdraw_items, dispatch_uid="allocation")
        showing.register(sealing.shown)
