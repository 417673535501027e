"""The whole way with the real engines and the real server, from ``manage.py demo`` to the printable file."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trimesh

from guides.package import verify_package
from tests.backend import live, xrays
from tests.data import shared_data


@dataclass
class Place:
    """One installation: its folder, what it printed, and the server that runs there now."""

    env: dict[str, str]
    password: str
    browser: live.Browser
    server: live.Process

    def serve(self) -> None:
        port = self.browser.host.partition(":")[2]
        log = Path(self.env["KNEE_VAR"]) / "serve.log"
        self.server = live.Process([sys.executable, "manage.py", "serve", "--port", port], self.env, log)
        live.wait_until_healthy(self.browser, self.server)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    env = live.environment(tmp_path_factory.mktemp("installation"))
    live.manage(env, "migrate", "--verbosity", "0")
    first = live.manage(env, "demo")
    assert "succeeded after" in first
    password = re.findall(r"password: (\S+)", first)[0]
    made = Place(env, password, live.Browser(live.free_port()), None)  # type: ignore[arg-type]
    made.serve()
    made.browser.log_in("surgeon", password)
    yield made
    made.server.stop()


def case_of(place: Place, pseudonym: str) -> Any:
    (case,) = place.browser.get(f"/api/cases/?search={pseudonym}")["results"]
    return place.browser.get(f"/api/cases/{case['id']}/")


def new_case(place: Place, pseudonym: str, side: str, folder: Path) -> str:
    case = place.browser.post("/api/cases/", {"pseudonym": pseudonym, "side": side}, status=201)["id"]
    for view in ("ap", "lateral"):
        place.browser.upload(case, view, folder / f"{view}.dcm")
    return str(case)


def test_the_demo_is_ready_and_a_second_time_changes_nothing(place: Place) -> None:
    ready, waiting = case_of(place, "DEMO-001"), case_of(place, "DEMO-002")
    assert (ready["state"], waiting["state"]) == ("to_plan", "waiting_for_images")
    assert len(ready["bone_sets"][0]["bones"]) == 4
    again = live.manage(place.env, "demo")
    assert "Reconstructing" not in again and place.password in again
    assert case_of(place, "DEMO-001") == ready


def test_the_server_says_where_and_as_whom(place: Place) -> None:
    printed = place.server.log.read_text()
    assert f"Open http://{place.browser.host}" in printed
    assert (
        f"Log in as surgeon, engineer, coordinator, rater, administrator with the password {place.password}"
        in printed
    )


def test_killed_engines_and_killed_servers_lose_nothing(place: Place) -> None:
    browser = place.browser
    case = new_case(place, "KILLED", xrays.SIDE, xrays.FOLDER)

    # The engine dies: the job fails with words, and the X-rays are still there.
    job = browser.post(f"/api/cases/{case}/reconstructions/", status=202)["id"]
    for event in browser.events(job):
        if event["kind"] == "progress":
            break
    engine = live.engine_under(place.server.pid)
    assert engine
    os.kill(engine, signal.SIGKILL)
    assert browser.until_ended(job)[-1]["kind"] == "failed"
    detail = browser.get(f"/api/cases/{case}/")
    error = detail["last_job"]["error"]
    assert (detail["state"], error["code"]) == ("reconstruction_failed", "engine_failed")
    assert error["kept"] == "Both X-rays were kept; the case is as before." and error["remedy"]
    assert all(detail["images"].values())

    # The whole server dies in the middle of the second try: the next one takes the job up again.
    job = browser.post(f"/api/jobs/{job}/retry/", status=202)["id"]
    seen = 0
    for event in browser.events(job):
        seen = event["sequence"]
        if event["kind"] == "progress":
            break
    engine = live.engine_under(place.server.pid)
    place.server.kill()
    assert engine and _ends(engine)
    place.serve()
    rest = list(browser.events(job, after=seen))
    assert [event["sequence"] for event in rest] == list(range(seen + 1, seen + 1 + len(rest)))
    assert [event["kind"] for event in rest if event["kind"] != "progress"] == [
        "restarted",
        "started",
        "succeeded",
    ]
    detail = browser.get(f"/api/cases/{case}/")
    assert detail["state"] == "to_plan" and len(detail["bone_sets"]) == 1
    work = Path(place.env["KNEE_VAR"]) / "work"
    assert "unbroken" in live.manage(place.env, "verify_audit")
    assert not list(work.glob("upload-*"))


def _ends(pid: int) -> bool:
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def real_xrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """X-rays of a real person's CT."""
    out = tmp_path_factory.mktemp("sts_010")
    ct = shared_data("ct/sts_010_dicom")
    done = subprocess.run(
        [sys.executable, "-m", "recon", "drr", "--ct", str(ct), "--out", str(out)],
        cwd=live.ROOT, env=live.environment(out), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def test_from_the_demo_case_to_the_print_package(place: Place, tmp_path: Path) -> None:
    _to_the_print_package(place, case_of(place, "DEMO-001")["id"], tmp_path)


def test_from_a_real_persons_xrays_to_the_print_package(
    place: Place, real_xrays: Path, tmp_path: Path
) -> None:
    case = new_case(place, "STS-010", "L", real_xrays)
    job = place.browser.post(f"/api/cases/{case}/reconstructions/", status=202)["id"]
    events = place.browser.until_ended(job)
    assert events[-1]["kind"] == "succeeded"
    fractions = [event["fraction"] for event in events]
    assert fractions == sorted(fractions) and len({event["stage"] for event in events}) > 5
    _to_the_print_package(place, case, tmp_path)


def _check_bones(place: Place, detail: Any) -> None:
    (bone_set,) = detail["bone_sets"]
    assert {"fibula", "tibia"} <= set(bone_set["bones"])  # the picture may cut off the others
    for addresses in bone_set["bones"].values():
        whole, shown = (_mesh(place, addresses[key], "ply") for key in ("mesh_url", "display_url"))
        assert whole.is_watertight and whole.volume > 500
        assert len(shown.faces) <= 16_000
        assert abs(shown.bounds - whole.bounds).max() < 1.0
    outlines = place.browser.get(f"/api/bone-sets/{bone_set['id']}/outlines/")
    for view, image in detail["images"].items():
        pixels = place.browser.get(image["pixels_url"])
        assert len(pixels) == image["rows"] * image["columns"] * 2
        assert all(outlines[view][bone] for bone in bone_set["bones"])


def _mesh(place: Place, address: str, kind: str) -> Any:
    return trimesh.load(io.BytesIO(place.browser.get(address)), file_type=kind, force="mesh")


def _to_the_print_package(place: Place, case: str, unpacked: Path) -> None:
    browser = place.browser
    _check_bones(place, browser.get(f"/api/cases/{case}/"))
    small, large = (
        browser.post(f"/api/cases/{case}/plan-preview/", {"correction_deg": degrees})["document"]["osteotomy"]
        for degrees in (5, 9)
    )
    assert 0 < small["gap_mm"] < large["gap_mm"]
    plan = browser.post(f"/api/cases/{case}/plans/", {"correction_deg": 8, "reason": "varus"}, status=201)
    approve = f"/api/plans/{plan['id']}/approve/"
    assert browser.post(approve, {"password": "wrong"}, status=400)["error"]["code"] == "wrong_password"
    assert browser.post(approve, {"password": place.password})["status"] == "approved"
    job = browser.post(f"/api/plans/{plan['id']}/guides/", status=202)["id"]
    assert browser.until_ended(job)[-1]["kind"] == "succeeded"

    # Sent with the plan and made beside the design.
    assert browser.get(f"/api/plans/{plan['id']}/")["solids"]["state"] == "made"
    detail = browser.get(f"/api/cases/{case}/")
    assert detail["state"] == "guide_ready"
    guide = detail["guides"][-1]
    assert guide["exportable"], [check for check in guide["checks"] if check["status"] == "block"]
    assert browser.ask("GET", guide["files"]["package"])[1]["error"]["code"] == "guide_not_signed"
    engineer = live.Browser(int(browser.host.partition(":")[2]))
    engineer.log_in("engineer", place.password)
    engineer.post(f"/api/guides/{guide['id']}/sign/", {"password": place.password})
    (tibia,) = [b["bones"]["tibia"]["mesh_url"] for b in detail["bone_sets"] if b["id"] == plan["bone_set"]]
    bone = _mesh(place, tibia, "ply")
    for kind in ("stl", "3mf"):
        printed = _mesh(place, guide["files"][kind], kind)
        printed.merge_vertices()
        assert printed.is_watertight and printed.body_count == 1
        assert trimesh.boolean.intersection([printed, bone], engine="manifold").volume < 1.0
    with zipfile.ZipFile(io.BytesIO(browser.get(guide["files"]["package"]))) as package:
        package.extractall(unpacked)
    assert verify_package(unpacked / "package") == []
    packed = json.loads((unpacked / "package" / "plan.json").read_text())
    assert packed == browser.get(f"/api/plans/{plan['id']}/")["document"]
    manifest = json.loads((unpacked / "package" / "manifest.json").read_text())
    assert len(manifest["sources"]["images"]) == 2  # the way back to the X-rays
    actions = [entry["action"] for entry in browser.get(f"/api/cases/{case}/")["timeline"]]
    for action in (
        "bones.reconstructed",
        "plan.saved",
        "plan.approved",
        "guide.designed",
        "guide.signed",
        "guide.downloaded",
    ):
        assert action in actions
