"""A place to try everything: people, a case to plan, one that waits for its X-rays, and a running study."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pydicom
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand, CommandError

from backend.accounts.models import Person
from backend.cases.models import Case
from backend.cases.services import create_case
from backend.core.demo import PEOPLE, ensure_people
from backend.core.demo_study import ensure_study
from backend.core.errors import Refusal
from backend.imaging.models import View
from backend.imaging.reconstruction import request_reconstruction
from backend.imaging.services import upload_image
from backend.jobs import runner, transitions
from backend.jobs.models import Job, State

READY, WAITING = "DEMO-001", "DEMO-002"


class Command(BaseCommand):
    help = "Set up demo people, cases and a study; run it again and it only adds what is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        _, password = ensure_people()
        surgeon = Person.objects.get(username="surgeon")
        try:
            ready = self._ready_case(surgeon)
            self._case(surgeon, WAITING)
            ensure_study(ready)
        except Refusal as refusal:
            raise CommandError(f"{refusal.body['message']} {refusal.body['remedy']}") from refusal
        self.stdout.write(f"Demo people: {', '.join(PEOPLE)}; their password: {password}")

    def _case(self, surgeon: Person, pseudonym: str) -> Case:
        found = Case.objects.filter(patient__pseudonym=pseudonym, site__memberships__person=surgeon).first()
        return found or create_case(person=surgeon, pseudonym=pseudonym, side=self._side())

    def _ready_case(self, surgeon: Person) -> Case:
        case = self._case(surgeon, READY)
        if case.bone_sets.exists():
            return case
        for view in View:
            if not case.images.filter(view=view).exists():
                path = self._folder / f"{view}.dcm"
                if not path.is_file():
                    raise CommandError(f"{path} is missing. Get the whole repository")
                upload = SimpleUploadedFile(path.name, path.read_bytes())
                upload_image(person=surgeon, case=case, view=view, file=upload)
        self.stdout.write("Reconstructing the bones of the demo case ...")
        began = time.monotonic()
        waiting = Job.objects.active().foremost().filter(case=case).first()
        job = waiting or request_reconstruction(person=surgeon, case=case)
        runner.run(job.pk, worker=transitions.worker_name())
        job = Job.objects.get(pk=job.pk)
        if job.state == State.FAILED and job.error:
            raise CommandError(f"{job.error['message']} {job.error['remedy']}")
        self.stdout.write(f"... {job.state} after {time.monotonic() - began:.0f} s")
        return case

    @property
    def _folder(self) -> Path:
        return Path(settings.ROOT / "recon" / "assets" / "demo")

    def _side(self) -> str:
        """The side that the demo X-rays are marked with."""
        path = self._folder / "ap.dcm"
        if not path.is_file():
            return "L"
        marked = pydicom.dcmread(path, stop_before_pixels=True).get("ImageLaterality")
        return marked if marked in ("L", "R") else "L"
