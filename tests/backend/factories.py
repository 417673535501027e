"""People, cases and what hangs on them, small but whole."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import factory
import trimesh
from factory.django import DjangoModelFactory

from backend.accounts.models import Membership, Person, Role, Site
from backend.cases.models import Case, Patient
from backend.core import storage
from backend.exports.models import Guide, GuidePreset, GuideSignature, GuideTrial
from backend.imaging.models import BoneMesh, BoneSet, Comparison, CtScan, Image, LegFilm
from backend.jobs.models import EventKind, Job, State
from backend.jobs.transitions import append_event
from backend.planning.models import Plan, PlanSolids, Status

PASSWORD = "correct horse battery"


class SiteFactory(DjangoModelFactory):
    class Meta:
        model = Site

    name = factory.Sequence(lambda n: f"Hospital {n}")


class PersonFactory(DjangoModelFactory):
    class Meta:
        model = Person
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    name = factory.Sequence(lambda n: f"Person {n}")

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **kwargs: Any) -> None:
        self.set_password(extracted or PASSWORD)
        if create:
            self.save()


def person_with(site: Site, *roles: Role, **fields: Any) -> Person:
    person = PersonFactory(**fields)
    for role in roles:
        Membership.objects.create(person=person, site=site, role=role)
    return person


class PatientFactory(DjangoModelFactory):
    class Meta:
        model = Patient

    site = factory.SubFactory(SiteFactory)
    pseudonym = factory.Sequence(lambda n: f"P-{n:04}")


class CaseFactory(DjangoModelFactory):
    class Meta:
        model = Case

    site = factory.SubFactory(SiteFactory)
    patient = factory.SubFactory(PatientFactory, site=factory.SelfAttribute("..site"))
    surgeon = factory.LazyAttribute(lambda case: person_with(case.site, Role.SURGEON))
    side = "L"


class ImageFactory(DjangoModelFactory):
    class Meta:
        model = Image

    case = factory.SubFactory(CaseFactory)
    view = "ap"
    file = factory.Sequence(lambda n: storage.put(b"dicom %d" % n, ".dcm"))
    pixels = factory.Sequence(lambda n: storage.put(b"%08d" % n, ".u16"))
    rows = 2
    columns = 2
    window_center = 30000.0
    window_width = 60000.0
    projection = factory.LazyFunction(lambda: [[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1.0]])
    provenance = "geometry"
    acquired_note = "DX 2 x 2"
    uploaded_by = factory.SelfAttribute("case.surgeon")


class LegFilmFactory(DjangoModelFactory):
    class Meta:
        model = LegFilm

    case = factory.SubFactory(CaseFactory)
    file = factory.Sequence(lambda n: storage.put(b"film %d" % n, ".dcm"))
    pixels = factory.Sequence(lambda n: storage.put(b"shown %d" % n, ".u16"))
    rows = shown_rows = 1900
    columns = shown_columns = 1000
    reduction = 1
    window_center = 30000.0
    window_width = 60000.0
    pixel_spacing = factory.LazyFunction(lambda: [1.0, 1.0])
    calibrated = True
    uploaded_by = factory.SelfAttribute("case.surgeon")


def mesh_bytes(size: float = 40.0) -> bytes:
    return trimesh.creation.box(extents=(size, size, size)).export(file_type="ply")


def report(*bones: str) -> dict[str, Any]:
    return {
        "model": {"name": "test", "sha256": "0" * 64},
        "seconds": {"total": 1.0},
        "resolution": 64,
        "field_of_view": {},
        "bones": {
            bone: {"vertices": 8, "faces": 12, "volume_mm3": 64000.0, "watertight": True} for bone in bones
        },
        "images": [],
        "warnings": [],
    }


class BoneSetFactory(DjangoModelFactory):
    """Bones with a tibia; the first of a case are those that it is planned on."""

    class Meta:
        model = BoneSet
        skip_postgeneration_save = True

    case = factory.SubFactory(CaseFactory)
    number = factory.Sequence(lambda n: n + 1)
    origin = "xray_network"
    model = "test"
    author = factory.SelfAttribute("case.surgeon")
    report = factory.LazyFunction(lambda: report("tibia"))
    outlines = factory.LazyFunction(
        lambda: storage.put(
            json.dumps({"ap": {"tibia": [[[0, 0], [1, 1]]]}, "lateral": {"tibia": []}}).encode(), ".json"
        )
    )

    @factory.post_generation
    def tibia(self, create: bool, extracted: bytes | None, **kwargs: Any) -> None:
        key = storage.put(extracted or mesh_bytes(), ".ply")
        BoneMesh.objects.create(bone_set=self, bone="tibia", mesh=key, display=key, vertices=8, faces=12)
        if create and self.case.current_bone_set_id is None:
            self.case.current_bone_set = self
            self.case.save(update_fields=["current_bone_set"])


class CtScanFactory(DjangoModelFactory):
    class Meta:
        model = CtScan

    case = factory.SubFactory(CaseFactory)
    file = factory.Sequence(lambda n: storage.put(b"ct %d" % n, ".nii.gz"))
    voxels = factory.LazyFunction(lambda: [64, 64, 40])
    spacing_mm = factory.LazyFunction(lambda: [1.0, 1.0, 3.0])
    source = "dicom"
    uploaded_by = factory.SelfAttribute("case.surgeon")


class ComparisonFactory(DjangoModelFactory):
    class Meta:
        model = Comparison

    case = factory.SubFactory(CaseFactory)
    first = factory.SubFactory(BoneSetFactory, case=factory.SelfAttribute("..case"))
    second = factory.SubFactory(BoneSetFactory, case=factory.SelfAttribute("..case"))
    report = factory.LazyFunction(
        lambda: {
            "bones": {},
            "not_compared": {},
            "alignment": None,
            "scale_mm": 5.0,
            "samples": 16348,
            "margin_mm": 3.0,
        }
    )
    distances = factory.LazyFunction(
        lambda: {which: {"tibia": storage.put(bytes(32), ".f32")} for which in ("first", "second")}
    )
    author = factory.SelfAttribute("case.surgeon")


class JobFactory(DjangoModelFactory):
    """A waiting job with its first event."""

    class Meta:
        model = Job
        skip_postgeneration_save = True

    case = factory.SubFactory(CaseFactory)
    kind = "reconstruct"
    requested_by = factory.SelfAttribute("case.surgeon")

    @factory.post_generation
    def queued_event(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        append_event(self, EventKind.QUEUED)


def ended_job(state: State = State.SUCCEEDED, **fields: Any) -> Job:
    """A job that has run its course."""
    from backend.jobs import transitions

    job = JobFactory(**fields)
    claimed = transitions.claim(job.pk, "test")
    assert claimed and claimed.lease
    return transitions.finish(job.pk, claimed.lease, state)


def plan_document(**osteotomy: Any) -> dict[str, Any]:
    """The smallest document that says where the bone is cut and by how much it turns."""
    cut = {
        "plane_point": [0.0, 0.0, 0.0],
        "plane_normal": [0.0, 0.0, 1.0],
        "hinge_point": [0.0, 0.0, 0.0],
        "hinge_axis": [0.0, -1.0, 0.0],
        "medial_direction": [-1.0, 0.0, 0.0],
        "start_point": [-20.0, 0.0, 0.0],
        "correction_deg": 8.0,
        "gap_mm": 2.79,
        "gap_anterior_mm": 2.79,
        "gap_posterior_mm": 2.79,
        "cut_depth_mm": 20.0,
        "lateral_cortex_mm": 20.0,
    }
    return {
        "schema": "hto-plan/1",
        "side": "L",
        "measures": {},
        "landmarks": {},
        "osteotomy": cut | osteotomy,
        "warnings": [],
        "bones_sha256": {},
    }


class PlanFactory(DjangoModelFactory):
    class Meta:
        model = Plan

    bone_set = factory.SubFactory(BoneSetFactory)
    case = factory.SelfAttribute("bone_set.case")
    revision = factory.Sequence(lambda n: n + 1)
    correction_deg = 8.0
    document = factory.LazyFunction(plan_document)
    sha256 = "0" * 64
    author = factory.SelfAttribute("case.surgeon")


class ApprovedPlanFactory(PlanFactory):
    status = Status.APPROVED


def with_solids(plan: Plan) -> Plan:
    """The plan with fragments, which are no meshes."""
    job = ended_job(kind="plan_solids", case=plan.case)
    Plan.objects.filter(pk=plan.pk).update(solids_job=job)
    keys = {part: storage.put(part.encode(), ".ply") for part in ("proximal", "distal")}
    PlanSolids.objects.create(plan=plan, job=job, report={"tibia_mm3": 1.0}, **keys)
    return plan


class GuideFactory(DjangoModelFactory):
    class Meta:
        model = Guide

    plan = factory.SubFactory(ApprovedPlanFactory)
    case = factory.SelfAttribute("plan.case")
    job = factory.LazyAttribute(lambda guide: ended_job(kind="design_guide", case=guide.case))
    version = factory.Sequence(lambda n: n + 1)
    report = factory.LazyFunction(dict)
    checks = factory.LazyFunction(
        lambda: [
            {
                "name": "watertight",
                "status": "pass",
                "value": 1.0,
                "limit": 1.0,
                "unit": "",
                "message": "The guide is one closed solid",
                "place": None,
            }
        ]
    )
    stl = factory.LazyFunction(lambda: storage.put(b"stl", ".stl"))
    threemf = factory.LazyFunction(lambda: storage.put(b"3mf", ".3mf"))
    report_file = factory.LazyFunction(lambda: storage.put(b"{}", ".json"))
    package = factory.LazyFunction(lambda: storage.put(package_bytes(), ".zip"))


class GuideTrialFactory(DjangoModelFactory):
    class Meta:
        model = GuideTrial

    guide = factory.SubFactory(GuideFactory)
    job = factory.LazyAttribute(lambda trial: ended_job(kind="score_guide", case=trial.guide.case))
    scores = factory.LazyFunction(dict)
    contact = factory.LazyFunction(lambda: storage.put(b"ply", ".ply"))


def package_bytes() -> bytes:
    """A ZIP file as the engine's package comes in."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("package/manifest.json"), "{}")
    return stream.getvalue()


def signed_guide(**fields: Any) -> Guide:
    """A design that an engineer of its site has signed off."""
    guide = GuideFactory(**fields)
    engineer = person_with(guide.case.site, Role.ENGINEER)
    GuideSignature.objects.create(guide=guide, person=engineer, sha256=guide.sha256)
    return guide


def preset(site: Site, label: str = "2.0 mm wire, loose", **parameters: float) -> GuidePreset:
    """A preset that an engineer of the site added."""
    return GuidePreset.objects.create(
        site=site,
        group="wire",
        label=label,
        source="Measured on our prints",
        content={"parameters": parameters or {"wire_diameter_mm": 2.0, "wire_clearance_mm": 0.4}},
        author=person_with(site, Role.ENGINEER),
    )
