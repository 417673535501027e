"""A guide from X-rays against a guide from CT, both on the true bone: simulated scores and cuts.

``python -m tests.benchmarks.guide_ct_vs_xray [--quick]``.

For people with true bones: two X-rays are rendered, the default model reconstructs, and each picture of the
bones is planned (8 degrees) and gets its guide. Both guides are then put on the true tibia by the simulated
surgeon. The X-ray bones are laid on the true ones as a whole first, the plan with them: what is judged is
the guide, not where the rig's isocentre was. People are the held-out ones of LLP26, whom no training saw,
in drawn poses, and the legs of the folder of real bones; "evaluation only" ones are used for nothing else.

- ``within_tolerance_percent``: share of all placements of X-ray guides within 2 degrees and 2 mm of their
  plan; ``ct_within_tolerance_percent`` the same of CT guides.
- ``cut_angle_deg``, ``cut_distance_mm``: median over people of the medians of their placements, X-ray guides.
- ``plan_angle_deg``: between the cut of the X-ray guide at rest and the plan on the true bone, which adds
  what the two plans differ by.
- ``footprint``: the same X-ray guides with contact as for CT bones (no longer down the shaft, no bridges),
  with less of it towards the joint, and with contact also where two X-rays leave the bone's form open, which
  tells what a change helps.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from guides.bones import Bone, BoneSet
from guides.design import design_files
from guides.errors import InputError
from guides.landmarks import Side
from guides.plan import plan_files
from guides.score import score_files
from recon.drr.scene import Scene, standard_stations
from recon.errors import InputError as ReconstructionError
from recon.images.write import Positioner
from recon.population.sample import person_bones
from recon.reconstruct import reconstruct_files
from recon.training.dataset import TEST_PEOPLE
from tests.benchmarks import report
from tests.data import FOLDER

CORRECTION_DEG = 8.0
SHORTEST_MM = 120.0
"""A true tibia of which a scan shows less: no X-ray shows a bone that ends there, nor can anybody tell how a
guide lies that reaches beyond. Such a person is named among the ``failed``."""

SCORES = ("fitting", "stability", "accuracy")
FOOTPRINTS = {
    "as for CT": {"unsure_contact_mm": 0.0, "bridge": 0.0},
    "less proximal": {"proximal_contact_mm": 6.0},
    "no bridges": {"bridge": 0.0},
}  # fmt: skip


@dataclass(frozen=True)
class Knee:
    """One person's true bones and their reconstruction, in one frame."""

    name: str
    side: Side
    true: Path
    seen: Path


def knees(folder: Path, failed: dict[str, str], *, quick: bool) -> Iterator[Knee]:
    """Held-out people and real legs, X-rayed and reconstructed; who cannot be is put into ``failed``."""
    for name, true in _true_bones(folder, quick=quick):
        if np.ptp(BoneSet.read(true, [Bone.TIBIA])[Bone.TIBIA].vertices[:, 2]) < SHORTEST_MM:
            failed[name] = "scan_too_short"
            continue
        xrays, seen = folder / name / "xrays", folder / name / "seen"
        bones = BoneSet.read(true)
        left = bones[Bone.FIBULA].vertices[:, 0].mean() > bones[Bone.TIBIA].vertices[:, 0].mean()
        try:
            Scene(standard_stations(0.0, 90.0, Positioner(0.0)), seed=1).render_bones(true, xrays)
            reconstruct_files(xrays / "ap.dcm", xrays / "lateral.dcm", seen, resolution=256)
        except ReconstructionError as error:
            failed[name] = error.code
            print(f"{name}: not reconstructed: {error}")
            continue
        yield Knee(name, "L" if left else "R", true, seen)


def _true_bones(folder: Path, *, quick: bool) -> Iterator[tuple[str, Path]]:
    for person in TEST_PEOPLE[: 1 if quick else None]:
        true = folder / f"person_{person}" / "true"
        true.mkdir(parents=True)
        person_bones(person, np.random.default_rng(1000 * person)).write(true)
        yield f"person_{person}", true
    if not quick:
        for true in sorted((FOLDER / "bones").glob("*_[lr]")):
            yield true.name, true


def judged(knee: Knee, folder: Path) -> dict[str, Any]:
    """Scores of both guides and of the X-ray guide's other footprints.

    Raises:
        InputError: no plan or no guide on one of the two.
    """
    found: dict[str, Any] = {}
    plans = {}
    for kind, bones in (("ct", knee.true), ("xray", knee.seen)):
        plans[kind] = plan_files(bones, knee.side, correction_deg=CORRECTION_DEG)
        guide = folder / knee.name / kind
        made = design_files(bones, plans[kind], guide)
        blocked = [check["name"] for check in made["checks"] if check["status"] == "block"]
        design_bones = knee.seen if kind == "xray" else None
        found[kind] = score_files(guide, knee.true, design_bones=design_bones) | {"blocked": blocked}
    for name, parameters in FOOTPRINTS.items():
        guide = folder / knee.name / name
        design_files(knee.seen, plans["xray"], guide, parameters=parameters)
        found[name] = score_files(guide, knee.true, design_bones=knee.seen)
    found["plan_angle_deg"] = _plan_angle(plans["ct"], plans["xray"], found["xray"])
    return found


def _plan_angle(ct: dict[str, Any], xray: dict[str, Any], scores: dict[str, Any]) -> float:
    """Between the cut of the X-ray guide at rest on the true bone and the cut planned there."""
    wanted = np.array(ct["osteotomy"]["plane_normal"])
    to_bone = np.array(scores["design_to_bones"])[:3, :3]
    seat = np.array(scores["seat"]["matrix"])[:3, :3]
    cut = to_bone @ seat @ np.array(xray["osteotomy"]["plane_normal"])
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(cut, wanted)), cut @ wanted)))


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__)
    rows: list[list[Any]] = []
    results: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder_name:
        for knee in knees(Path(folder_name), failed, quick=options.quick):
            try:
                found = judged(knee, Path(folder_name))
            except InputError as error:
                failed[knee.name] = error.code
                print(f"{knee.name}: {error}", flush=True)
                continue
            results.append(found)
            for kind in ("ct", "xray", *FOOTPRINTS):
                rows.append(
                    [knee.name, kind, *_row(found[kind]), found["plan_angle_deg"] if kind == "xray" else "-"]
                )
                print(*rows[-1], flush=True)
    heads = [
        "person", "guide", *SCORES, "contact %", "within %", "angle deg", "distance mm", "hinge mm",
        "at rest deg", "to CT plan deg",
    ]  # fmt: skip
    print(report.table(heads, rows), end="\n\n")
    line: dict[str, Any] = {"quick": options.quick, "people": len(results), "failed": failed}
    for kind in ("xray", "ct"):
        prefix = "" if kind == "xray" else "ct_"
        line[f"{prefix}within_tolerance_percent"] = _mean(results, kind, "within_tolerance_percent")
        for name in ("cut_angle_deg", "cut_distance_mm"):
            medians = [found[kind]["accuracy"][name]["median"] for found in results]
            line[prefix + name] = float(np.median(medians)) if medians else None
        line[f"{prefix}scores"] = {
            name: float(np.mean([found[kind][name]["score"] for found in results])) if results else None
            for name in SCORES
        }
    line["plan_angle_deg"] = float(np.median([r["plan_angle_deg"] for r in results])) if results else None
    line["footprint"] = {name: _mean(results, name, "within_tolerance_percent") for name in FOOTPRINTS}
    report.finish(line)


def _mean(results: list[dict[str, Any]], kind: str, name: str) -> float | None:
    values = [found[kind]["accuracy"][name] for found in results]
    return float(np.mean(values)) if values else None


def _row(scores: dict[str, Any]) -> list[Any]:
    accuracy = scores["accuracy"]
    return [
        *(scores[name]["score"] for name in SCORES),
        scores["fitting"]["contact_percent"],
        accuracy["within_tolerance_percent"],
        accuracy["cut_angle_deg"]["median"],
        accuracy["cut_distance_mm"]["median"],
        accuracy["hinge_distance_mm"]["median"],
        scores["seat"]["cut_angle_deg"],
    ]


if __name__ == "__main__":
    main()
