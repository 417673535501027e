"""The demo's study: a knee in two versions, blinded and running, so that a newcomer can rate and coordinate.

Its CT-based bones are the true ones of the demo's virtual person; the X-ray-based ones are the demo case's.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from backend.accounts.models import Person
from backend.cases.models import Case
from backend.cases.services import create_case
from backend.imaging.imports import request_import
from backend.imaging.models import BoneMesh, BoneSet, Frame, Image, Origin, Units
from backend.jobs import runner, transitions
from backend.jobs.models import Job, Kind
from backend.studies import course, wizard
from backend.studies.blinding import blind_again
from backend.studies.models import Study, StudyKind, StudyState

TITLE = "Demo: rating of bone models"
PSEUDONYM = "DEMO-003"


def ensure_study(ready: Case) -> None:
    """Make the study of a demo case, or go on where it was left; does nothing when it has been started.

    Args:
        ready: the case whose X-rays and reconstructed bones are shown.

    Raises:
        Refusal: of the services that it calls.
    """
    surgeon, coordinator, rater = (
        Person.objects.get(username=name) for name in ("surgeon", "coordinator", "rater")
    )
    study = Study.objects.filter(site=ready.site, title=TITLE).first()
    if study is None:
        study = _draft(_case(surgeon, ready), coordinator, rater)
    if study.state == StudyState.DRAFT:
        study = course.mark_ready(person=coordinator, study=study)
    if study.state == StudyState.READY:
        blind_again(person=coordinator, study=study)
        for job in Job.objects.active().filter(kind=Kind.BLIND_VERSIONS, case__in=study.cases.values("case")):
            _do(job)
        course.start(person=coordinator, study=study)


def _do(job: Job) -> None:
    runner.run(job.pk, worker=transitions.worker_name())


def _case(surgeon: Person, ready: Case) -> Case:
    """A case of its own with the X-rays and bones of the other, and the true bones beside them."""
    case = Case.objects.filter(patient__pseudonym=PSEUDONYM, site=ready.site).first()
    if case is None:
        with transaction.atomic():
            case = create_case(person=surgeon, pseudonym=PSEUDONYM, side=ready.side)
            _copy(ready, case)
    if not case.bone_sets.filter(origin=Origin.IMPORTED).exists():
        waiting = Job.objects.active().foremost().filter(case=case).first()
        _do(waiting or _import_true_bones(surgeon, case))
    return case


def _copy(ready: Case, case: Case) -> None:
    images = list(ready.images.all())
    bones = ready.bone_sets.get(number=1)
    meshes = list(bones.meshes.all())
    for image in images:
        image.pk, image.case, image._state.adding = None, case, True
    Image.objects.bulk_create(images)
    made = BoneSet.objects.create(
        case=case,
        number=1,
        origin=bones.origin,
        model=bones.model,
        author=bones.author,
        report=bones.report,
        outlines=bones.outlines,
    )
    for mesh in meshes:
        mesh.pk, mesh.bone_set, mesh._state.adding = None, made, True
    BoneMesh.objects.bulk_create(meshes)
    case.current_bone_set = made
    case.save(update_fields=["current_bone_set"])


def _import_true_bones(surgeon: Person, case: Case) -> Job:
    # Imported late: the shape model behind it costs seconds that nobody else has to wait for.
    from recon.population.demo import demo_bones

    with tempfile.TemporaryDirectory() as folder:
        demo_bones().write(Path(folder))
        files = [SimpleUploadedFile(path.name, path.read_bytes()) for path in Path(folder).glob("*.ply")]
    return request_import(
        person=surgeon,
        case=case,
        files=files,
        bones=(),
        units=Units.MM,
        frame=Frame.RIG,
        software="The demo's virtual person",
    )


def _draft(case: Case, coordinator: Person, rater: Person) -> Study:
    ct = case.bone_sets.get(origin=Origin.IMPORTED)
    xray = case.bone_sets.get(origin=Origin.XRAY_NETWORK)
    return wizard.put_together(
        person=coordinator,
        site=case.site,
        title=TITLE,
        kind=StudyKind.MODEL_RATING,
        # One case cannot be kept apart from itself by more.
        distance=1,
        ask_source=True,
        may_go_back=True,
        margins={"shape": 0.5, "details": 0.5, "clinical_significance": 0.5},
        extra=(),
        cases=[{"case": case.pk, "ct": ct.pk, "xray": xray.pk}],
        raters=[rater.pk],
    )
