"""Proof, for whoever asks, that nobody changed the history."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.audit.models import ChainHead
from backend.audit.services import verify


class Command(BaseCommand):
    help = "Walk the chain of audit events; exit status 1 where it is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = verify()
        if broken is not None:
            raise CommandError(f"The audit trail is broken at event {broken}.")
        head = ChainHead.objects.filter(pk=1).first()
        if head:
            self.stdout.write(f"{head.position} events, unbroken; the last hash is {head.hash}")
        else:
            self.stdout.write("No events yet.")
