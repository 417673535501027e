"""Both versions of a case come to raters alike: made by the real job, served by the real views."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
import trimesh

from backend.core import storage
from backend.core.errors import Conflict
from backend.imaging.models import BoneSet
from backend.jobs import runner, transitions
from backend.jobs.models import Job, Kind, State
from backend.studies import blinding, blinding_mesh, course, readiness, setup
from backend.studies.models import StudyArm, StudyKind
from tests.backend import factories
from tests.backend.studies.factories import Team, draft_study, running_study, team

pytestmark = pytest.mark.django_db


def bone(subdivisions: int, length: float) -> bytes:
    """A shaft of a length that points down from a round head."""
    head = trimesh.creation.icosphere(subdivisions=subdivisions, radius=30)
    head.vertices[:, 2] = np.where(
        head.vertices[:, 2] < 0, head.vertices[:, 2] * length / 30, head.vertices[:, 2]
    )
    head.apply_translation((100, -20, 7))
    return bytes(head.export(file_type="ply"))


def case_of(people: Team) -> dict[str, Any]:
    """A case whose versions differ in everything: triangles, length, how finely they are rounded."""
    case = factories.CaseFactory(site=people.site, surgeon=people.surgeon)
    for view in ("ap", "lateral"):
        factories.ImageFactory(case=case, view=view)
    ct = factories.BoneSetFactory(case=case, origin="ct_network", tibia=bone(5, 90))
    xray = factories.BoneSetFactory(case=case, origin="xray_network", tibia=bone(4, 60))
    return {"case": case.pk, "ct": ct.pk, "xray": xray.pk}


def guide_of(bones: Any, size: float, subdivisions: int) -> Any:
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=size)
    stl = bytearray(mesh.export(file_type="stl"))
    stl[:80] = f"made from a {bones.origin}".encode().ljust(80)
    return factories.GuideFactory(plan__bone_set=bones, stl=storage.put(bytes(stl), ".stl"))


def slots(content: bytes) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Triangles, vertices and indices of each bone, as the page reads them."""
    read = []
    for start in range(0, len(content), blinding_mesh.SLOT_BYTES):
        (count,) = struct.unpack_from("<I", content, start)
        points = np.frombuffer(content, "<f4", 3 * blinding_mesh.VERTICES, start + 4).reshape(-1, 3)
        faces = np.frombuffer(content, "<u2", 3 * blinding_mesh.FACES, start + 4 + points.nbytes)
        read.append((count, points, faces.reshape(-1, 3)))
    return read


def run_jobs() -> None:
    for job in Job.objects.filter(kind=Kind.BLIND_VERSIONS, state=State.QUEUED):
        runner.run(job.pk, worker="test")


def test_both_versions_of_bones_are_alike_but_for_their_shape() -> None:
    people = team()
    study = draft_study(people, cases=0, distance=1)
    setup.add_case(person=people.coordinator, study=study, **case_of(people))
    study = course.mark_ready(person=people.coordinator, study=study)
    with pytest.raises(Conflict) as refused:
        course.start(person=people.coordinator, study=study)
    assert refused.value.body["fields"] == {"not_blinded": ["Case 1 is not blinded yet."]}
    run_jobs()
    assert readiness.not_blinded(study) == []
    course.start(person=people.coordinator, study=study)
    ct, xray = (
        storage.get(StudyArm.objects.get(study_case__study=study, arm=arm).content) for arm in ("ct", "xray")
    )
    assert len(ct) == len(xray) == 4 * blinding_mesh.SLOT_BYTES and ct != xray
    lengths = []
    for content in (ct, xray):
        patella, femur, fibula, (count, points, faces) = slots(content)
        assert [patella[0], femur[0], fibula[0], count] == [0, 0, 0, blinding_mesh.FACES]
        used = points[: faces.max() + 1]
        assert not points[faces.max() + 1 :].any() and len(used) == blinding_mesh.FACES / 2 + 2
        mesh = trimesh.Trimesh(used, faces, process=False)
        assert mesh.is_watertight
        # On the grid, in order of place, wherever the vertices came from.
        assert np.abs(used / 0.01 - np.round(used / 0.01)).max() < 0.05
        assert (np.diff(np.round(used[:, 2], 2)) >= 0).all()
        lengths.append(np.ptp(used[:, 2]))
    # Cut at the same height: 30 above, 60 below less a millimetre.
    assert lengths == pytest.approx([89, 89], abs=0.3)


def test_printed_guides_keep_their_shape_and_lose_header_and_triangle_count() -> None:
    people = team()
    study = draft_study(people, kind=StudyKind.HTO_SIMULATION, cases=0, distance=1)
    versions = case_of(people)
    guides = {
        arm: guide_of(BoneSet.objects.get(pk=versions[arm]), size, subdivisions)
        for arm, size, subdivisions in (("ct", 20.0, 3), ("xray", 21.0, 2))
    }
    names = {"case": versions["case"]} | {arm: guide.pk for arm, guide in guides.items()}
    setup.add_case(person=people.coordinator, study=study, **names)
    course.mark_ready(person=people.coordinator, study=study)
    run_jobs()
    # 1280 and 320 triangles.
    assert {len(storage.get(arm.content)) for arm in study.cases.get().arms.all()} == {84 + 50 * 2048}
    for arm, guide in guides.items():
        version = StudyArm.objects.get(study_case__study=study, arm=arm)
        before, after = storage.get(guide.stl), storage.get(version.content)
        assert b"made from" in before and after[:80] == bytes(80) and len(before) < len(after)
        meshes = [
            trimesh.load_mesh(trimesh.util.wrap_as_stream(content), file_type="stl")
            for content in (before, after)
        ]
        assert meshes[1].is_watertight
        assert meshes[0].volume == pytest.approx(meshes[1].volume, rel=1e-6)
        # A report without a design has nothing to put on a bone.
        assert version.simulated is None
    assert study.cases.get().bone_model


def test_the_longest_edges_are_halved_and_the_surface_stays() -> None:
    box = trimesh.creation.box(extents=(1, 2, 9))
    points, faces = blinding_mesh.filled_up(np.asarray(box.vertices), np.asarray(box.faces), 60)
    finer = trimesh.Trimesh(points, faces, process=False)
    assert len(faces) == 60 and finer.is_watertight and finer.volume == pytest.approx(18)
    assert finer.edges_unique_length.max() < box.edges_unique_length.max() / 1.5
    # An open surface keeps its rim: halving an edge of it adds one triangle.
    points, faces = blinding_mesh.filled_up(np.eye(3), np.array([[0, 1, 2]]), 4)
    assert len(faces) == 4 and trimesh.Trimesh(points, faces).area == pytest.approx(np.sqrt(3) / 2)


def test_a_failed_case_is_asked_for_again() -> None:
    people = team()
    study = draft_study(people, cases=2, distance=1)
    course.mark_ready(person=people.coordinator, study=study)
    assert Job.objects.filter(kind=Kind.BLIND_VERSIONS).count() == 2
    assert blinding.blind_again(person=people.coordinator, study=study) == []
    job = Job.objects.filter(kind=Kind.BLIND_VERSIONS).first()
    transitions.request_cancel(job.pk)
    (again,) = blinding.blind_again(person=people.coordinator, study=study)
    assert again.input == job.input


def test_both_versions_are_served_with_the_same_headers(log_in: Any) -> None:
    people = team()
    study = running_study(people, cases=3)
    client = log_in(people.raters[0])
    seen = []
    for line in client.get(f"/api/rating/studies/{study.pk}/").json()["list"]:
        address = f"/api/rating/items/{line['token']}/"
        if not seen:
            assert client.get(f"{address}bones/").json()["error"]["code"] == "not_open"
            assert client.get(address).status_code == 409
        page = client.post(f"{address}open/").json()
        assert [view["view"] for view in page["xrays"]] == ["ap", "lateral"] and page["has_bones"]
        answer = client.get(f"{address}bones/")
        seen.append({**answer.headers, "bytes": len(answer.content)})
        for question in client.get(f"/api/rating/studies/{study.pk}/").json()["questions"]:
            token = f"00000000-0000-4000-8000-{len(seen):06}{len(question['key']):06}"
            value = question["points"][0]["value"]
            said = {"question": question["key"], "value": value, "client_token": token}
            assert client.post(f"{address}ratings/", said).status_code == 200
    assert len(seen) == 6 and all(one == seen[0] for one in seen)
    assert seen[0]["Cache-Control"] == "no-store, no-transform" and "ETag" not in seen[0]
