"""One patient, two guides, the paper's HTO simulation: the real engines, over HTTP, from X-rays to report."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from backend.core import storage
from backend.jobs import runner
from backend.jobs.models import Job, State
from backend.studies.models import Item, Study, StudyArm, StudyKind
from recon.population.demo import demo_bones
from tests.backend import xrays
from tests.backend.studies import virtual
from tests.backend.studies.factories import Team, team
from tests.backend.studies.virtual import PASSWORD, answered, log_in

pytestmark = pytest.mark.django_db
SCALES = virtual.SCALES[StudyKind.HTO_SIMULATION]


def done(job: Any) -> None:
    """Work a job off, and ask that it went well."""
    runner.run(job, worker="test")
    worked = Job.objects.get(pk=job)
    assert worked.state == State.SUCCEEDED, worked.error


def designed(surgeon: Any, case: str, bones: str) -> None:
    """Plan eight degrees on these bones, approve the plan, design its guide."""
    answered(surgeon.post(f"/api/bone-sets/{bones}/choose/"))
    plan = answered(surgeon.post(f"/api/cases/{case}/plans/", {"correction_deg": 8, "reason": "varus"}), 201)
    answered(surgeon.post(f"/api/plans/{plan['id']}/approve/", PASSWORD))
    done(answered(surgeon.post(f"/api/plans/{plan['id']}/guides/", {}), 202)["id"])
    made = answered(surgeon.get(f"/api/cases/{case}/"))["guides"][-1]
    assert made["exportable"], [check for check in made["checks"] if check["status"] == "block"]


def case_with_two_guides(people: Team, folder: Path) -> str:
    """The demo's X-rays and, as if from a CT, its person's true bones; a guide designed on either."""
    surgeon = log_in(people.surgeon)
    wanted = {"pseudonym": "HTO-1", "side": xrays.SIDE}
    case = str(answered(surgeon.post("/api/cases/", wanted), 201)["id"])
    for view in ("ap", "lateral"):
        with (xrays.FOLDER / f"{view}.dcm").open("rb") as file:
            sent = {"view": view, "file": file}
            answered(surgeon.post(f"/api/cases/{case}/images/", sent, format="multipart"), 201)
    done(answered(surgeon.post(f"/api/cases/{case}/reconstructions/"), 202)["id"])
    demo_bones().write(folder)
    files = [path.open("rb") for path in sorted(folder.glob("*.ply"))]
    meshes = {"files": files, "units": "mm", "frame": "rig", "software": "manual annotation"}
    done(answered(surgeon.post(f"/api/cases/{case}/bone-imports/", meshes, format="multipart"), 202)["id"])
    sets = answered(surgeon.get(f"/api/cases/{case}/"))["bone_sets"]
    assert {one["origin"] for one in sets} == {"xray_network", "imported"}
    for one in sets:
        designed(surgeon, case, one["id"])
    return case


def printed(study: Study, client: Any) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """The files of the print package, and the lines of its packing list."""
    packed = client.get(f"/api/studies/{study.pk}/print-package/").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return files, list(csv.DictReader(io.StringIO(files["packing-list.csv"].decode())))


def check_what_is_printed(study: Study, client: Any) -> None:
    """Neutral names and labels, empty headers, and the guides as they were designed but for their names."""
    files, lines = printed(study, client)
    assert set(files) == {
        *("guide-01.stl", "guide-02.stl", "tibia-of-case-01.stl"),
        *("labels.pdf", "packing-list.csv", "packing-list.pdf"),
    }
    labels = {(line["rater"], line["label"]): line["guide"] for line in lines}
    items = list(Item.objects.select_related("rater"))
    assert labels.keys() == {(item.rater.code, item.code) for item in items} and len(items) == 4
    for rater in {line["rater"] for line in lines}:
        assert {guide for (whose, _), guide in labels.items() if whose == rater} == {
            "guide-01.stl",
            "guide-02.stl",
        }
    volumes = []
    for name in ("guide-01.stl", "guide-02.stl", "tibia-of-case-01.stl"):
        assert files[name][:80] == bytes(80)
        mesh = trimesh.load_mesh(io.BytesIO(files[name]), file_type="stl")
        assert mesh.is_watertight
        volumes.append(mesh.volume)
    assert len(files["guide-01.stl"]) == len(files["guide-02.stl"])
    for arm in StudyArm.objects.filter(study_case__study=study).select_related("guide"):
        made, blinded = (
            trimesh.load_mesh(io.BytesIO(storage.get(key)), file_type="stl")
            for key in (arm.guide.stl, arm.content)
        )
        assert blinded.volume in [pytest.approx(volume) for volume in volumes[:2]]
        assert 0 < blinded.volume - made.volume < 50  # the strokes of the plan's hash, mm3
        report = json.loads(storage.get(arm.guide.report_file))
        arrow, name = (strokes(mesh, report["engraving"]) for mesh in (made, blinded))
        assert arrow[0] > 10 and name[0] > 10  # arrow and side stay
        assert arrow[1] > 50 and name[1] == 0
    # The bone model is the one of the CT, on which both guides are tried, as in the paper.
    assert volumes[2] == pytest.approx(tibia_volume(study), rel=1e-5)
    told = " ".join(word for line in lines for word in line.values()).lower()
    assert not any(word in told for word in ("ct", "x-ray", "xray", "network", "import", "hto-1"))


def strokes(mesh: trimesh.Trimesh, engraving: dict[str, Any]) -> tuple[int, int]:
    """Vertices on the bottom of the engraving: of arrow and side, and of the plan's hash."""
    out, along = np.asarray(engraving["direction"]), np.asarray(engraving["along"])
    basis = np.column_stack([along, np.cross(out, along), out])
    u, v, w = ((mesh.vertices - engraving["point"]) @ basis).T
    on_floor = (np.abs(w + engraving["depth_mm"]) < 0.01) & (np.abs(v) < engraving["height_mm"] / 2)
    on_floor &= np.abs(u) < engraving["width_mm"] / 2
    # Ten characters: the arrow, a space, the side, a space and six digits.
    name = u > -engraving["width_mm"] / 2 + 1 + (engraving["width_mm"] - 2) * 3.5 / 10
    return int((on_floor & ~name).sum()), int((on_floor & name).sum())


def tibia_volume(study: Study) -> float:
    bones = StudyArm.objects.get(study_case__study=study, arm="ct").guide.plan.bone_set
    tibia = storage.get(bones.meshes.get(bone="tibia").mesh)
    return float(trimesh.load_mesh(io.BytesIO(tibia), file_type="ply").volume)


def test_two_designed_guides_from_xrays_to_the_report(settings: Any, tmp_path: Path) -> None:
    settings.RECONSTRUCTION_RESOLUTION = 128
    people = team(raters=2)
    case = case_with_two_guides(people, tmp_path)
    coordinator = log_in(people.coordinator)
    options = answered(coordinator.get("/api/study-options/?kind=hto_simulation"))
    (offered,) = options["cases"]
    assert offered["case"] == case and len(offered["ct"]) == len(offered["xray"]) == 1
    wanted = {
        "title": "Guides of two X-rays against guides of a CT",
        "kind": "hto_simulation",
        "distance": 1,
        "margins": dict.fromkeys(SCALES, 1.0) | {"operation_time": 120.0},
        "cases": [{"case": case, "ct": offered["ct"][0], "xray": offered["xray"][0]}],
        "raters": [rater["id"] for rater in options["raters"]],
    }
    address = f"/api/studies/{answered(coordinator.post('/api/studies/', wanted), 201)['id']}/"
    answered(coordinator.post(f"{address}ready/"))
    done(Job.objects.get(kind="blind_versions").pk)
    assert answered(coordinator.get(f"{address}readiness/")) == {"missing": [], "not_blinded": []}
    answered(coordinator.post(f"{address}start/"))
    study = Study.objects.get()
    check_what_is_printed(study, coordinator)

    scores = {arm.arm: arm.simulated for arm in study.cases.get().arms.all()}
    for simulated in scores.values():
        assert set(simulated) == set(SCALES) and all(1 <= score <= 6 for score in simulated.values())
    # The guide of the true bones fits them.
    assert scores["ct"]["fitting"] >= 5 and scores["ct"]["accuracy"] >= 5

    table = np.array([[4.0], [6.0]])
    people_say = virtual.Opinions(
        dict.fromkeys(SCALES, (table, table - 1)), minutes=(table + 8, table + 6), knows=0.5
    )
    virtual.rate(people, study, people_say, np.random.default_rng(1))
    told = virtual.close(people, study)
    beside = told["analysis"]["simulated"]
    for key in SCALES:
        pairs = {pair["arm"]: pair for pair in beside[key]["pairs"]}
        for arm, mean in (("ct", 5.0), ("xray", 4.0)):
            assert pairs[arm]["simulated"] == scores[arm][key] and pairs[arm]["people"] == mean
        expected = np.mean([scores["ct"][key] - 5.0, scores["xray"][key] - 4.0])
        assert beside[key]["mean_difference"] == pytest.approx(expected)
        assert beside[key]["rho"] is None  # two guides are too few to go together
    times = told["analysis"]["questions"]["operation_time"]
    assert times["ct"]["mean"] - times["xray"]["mean"] == pytest.approx(120, abs=1)
    page = coordinator.get(f"{address}report/report.html").content.decode()
    assert "Simulated scores against people" in page
    assert coordinator.get(f"{address}report/report.pdf").content[:5] == b"%PDF-"
