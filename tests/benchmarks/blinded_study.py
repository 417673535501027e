"""A running study of virtual knees, in two versions as two programs would make them, blinded by the job."""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from recon.bones import BoneSet
from recon.population.sample import person_bones

XRAY_PIXELS = 400
SHAFT_MM = 110.0


def blinded_study(cases: int, raters: int) -> tuple[Any, Any]:
    """The study and its people. Inside an ``installation`` only."""
    from backend.core import storage
    from backend.jobs.models import Job, Kind
    from backend.studies import course, questions, setup
    from backend.studies.blinding import BlindingHandler
    from backend.studies.blinding_mesh import cut_to
    from backend.studies.models import QuestionKind, StudyKind
    from tests.backend import factories
    from tests.backend.studies.factories import team

    generator = np.random.default_rng(11)
    people = team(raters=raters)
    study = setup.create_study(
        person=people.coordinator,
        site=people.site,
        title="x",
        kind=StudyKind.MODEL_RATING,
        distance=min(10, cases),
    )
    for question in study.questions.filter(kind=QuestionKind.SCALE):
        questions.set_margin(person=people.coordinator, study=study, question=question, margin=0.2)
    for rater in people.raters:
        setup.add_rater(person=people.coordinator, study=study, rater=rater)
    for number in range(cases):
        case = factories.CaseFactory(site=people.site, surgeon=people.surgeon)
        for view in ("ap", "lateral"):
            pixels = storage.put(generator.bytes(2 * XRAY_PIXELS**2), ".u16")
            factories.ImageFactory(case=case, view=view, pixels=pixels, rows=XRAY_PIXELS, columns=XRAY_PIXELS)
        whole = person_bones(number % 20, generator)
        knee = BoneSet({bone: cut_to(mesh, -SHAFT_MM, SHAFT_MM) for bone, mesh in whole.items()})
        made = {
            arm: _stored(case, origin, version(knee, generator))
            for arm, origin, version in (("ct", "ct_network", _ct), ("xray", "xray_network", _xray))
        }
        setup.add_case(person=people.coordinator, study=study, case=case.pk, **made)
    course.mark_ready(person=people.coordinator, study=study)
    handler = BlindingHandler()
    for job in Job.objects.filter(kind=Kind.BLIND_VERSIONS):
        with tempfile.TemporaryDirectory() as folder:
            work = handler.prepare(job, Path(folder))
            module, function = work.function.split(":")
            made_alike = getattr(import_module(module), function)(**work.arguments, progress=lambda *_: None)
            handler.collect(job, Path(folder), made_alike)()
    return course.start(person=people.coordinator, study=study), people


def _ct(knee: BoneSet, generator: np.random.Generator) -> BoneSet:
    """Fine, a little rough, with long shafts."""
    return BoneSet({bone: _rough(mesh, generator, 0.08) for bone, mesh in knee.items()})


def _xray(knee: BoneSet, generator: np.random.Generator) -> BoneSet:
    """Coarser and smoother, shafts shorter."""
    from backend.imaging.engine import simplified
    from backend.studies.blinding_mesh import cut_to

    made = {}
    for bone, mesh in knee.items():
        low, high = mesh.bounds[:, 2]
        short = 4 + 4 * generator.random()
        shaft = {"femur": (-np.inf, high - short), "patella": (-np.inf, np.inf)}
        cut = cut_to(mesh, *shaft.get(bone.label, (low + short, np.inf)))
        smooth = trimesh.smoothing.filter_taubin(cut.copy(), iterations=8)
        made[bone] = simplified(smooth, int(9_000 + 2_000 * generator.random()))
    return BoneSet(made)


def _rough(mesh: trimesh.Trimesh, generator: np.random.Generator, sigma: float) -> trimesh.Trimesh:
    while len(mesh.faces) < 30_000:
        mesh = mesh.subdivide()
    return trimesh.Trimesh(
        mesh.vertices + generator.normal(0, sigma, mesh.vertices.shape), mesh.faces, process=False
    )


def _stored(case: Any, origin: str, bones: BoneSet) -> Any:
    """A bone set of these meshes; its identity."""
    from backend.core import storage
    from backend.imaging.models import BoneMesh
    from tests.backend import factories

    made = factories.BoneSetFactory(case=case, origin=origin)
    BoneMesh.objects.filter(bone_set=made).delete()
    for bone, mesh in bones.items():
        key = storage.put(mesh.export(file_type="ply"), ".ply")
        BoneMesh.objects.create(
            bone_set=made,
            bone=bone.label,
            mesh=key,
            display=key,
            vertices=len(mesh.vertices),
            faces=len(mesh.faces),
        )
    return made.pk
