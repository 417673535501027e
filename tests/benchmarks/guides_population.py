"""Guides for everybody: ``python -m tests.benchmarks.guides_population [--quick]``.

Every tibia of the folder of real bones and 100 virtual people of the shape model, left and right,
corrections of 4 to 16 degrees and clearances of 0.1, 0.3 and 0.5 mm in turn; every sixth virtual person gets
a lateral closing wedge. Each exported guide is examined by trimesh alone (``exported_guide``): closed, one
part, overlap with the bone 0, clearance achieved, slot plane and wire axes against the plan, withdrawal by
steps of 0.25 mm.

- ``designed``: a guide came out. ``passed``: no check of the product blocks and the examination finds no
  fault. ``failed``: designed and not passed, or not designed; ``refused`` counts those that were refused with
  a reason, by its code.
- ``median_s``, ``worst_s``: processor seconds of a whole design with its checks and scores, libraries loaded;
  the machine may be busy, so that ``median_wall_s`` says what it took.
- ``undercut_touches``: steps at which a guide meets a bone with a groove under the contact face on its way
  out, as designed and without filling of undercuts.
- ``peer``: the same assembly (bone, holes and slot cut out of a block) by this product's solid engine and by
  VTK's, where that is installed: seconds, and whether the result is closed.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from guides.bones import Bone, BoneSet
from guides.design import design_files
from guides.errors import InputError
from guides.landmarks import Side
from guides.plan import plan_files
from recon.population.sample import draw_bones
from recon.population.shape_model import ShapeModel
from recon.training.dataset import TRAINING_PEOPLE
from tests.benchmarks import report
from tests.benchmarks.exported_guide import examine
from tests.benchmarks.guide_peer import peer
from tests.benchmarks.guide_undercut import undercut_touches
from tests.data import FOLDER

CORRECTIONS_DEG = (4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0)
CLEARANCES_MM = (0.1, 0.3, 0.5)
VIRTUAL = 100
EVERY_LATERAL = 6


@dataclass
class Row:
    """One person."""

    name: str
    side: Side
    kind: str
    correction: float
    clearance: float
    cpu_s: float | None = None
    wall_s: float | None = None
    blocked: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    refused: str | None = None

    @property
    def passed(self) -> bool:
        """Designed, no check blocks, and nothing found by the examination."""
        return self.refused is None and not self.blocked and not self.found["faults"]

    def cells(self) -> list[Any]:
        """For the table."""
        found, who = self.found, [self.name, self.side, self.kind, self.correction, self.clearance]
        if self.refused is not None:
            return [
                self.name,
                self.side,
                self.kind,
                self.correction,
                self.clearance,
                f"refused: {self.refused}",
            ]
        return [
            *who, "passed" if self.passed else "FAILED", self.cpu_s, self.wall_s, found["clearance_mean_mm"],
            found["clearance_p95_mm"], found["slot_deg"], found["wire_deg"],
            " ".join([*self.blocked, *found["faults"]]),
        ]  # fmt: skip


HEADS = ["person", "side", "kind", "deg", "clearance", "result", "cpu s", "wall s", "gap", "gap p95",
         "slot deg", "wire deg", "faults"]  # fmt: skip


def people(folder: Path, *, quick: bool) -> Iterator[tuple[str, Path, Side]]:
    """Real bones, then virtual people."""
    real = sorted((FOLDER / "bones").glob("*_[lr]"))
    for bones in real[:2] if quick else real:
        yield bones.name, bones, "L" if bones.name.endswith("_l") else "R"
    model = ShapeModel.from_people(TRAINING_PEOPLE)
    for number in range(2 if quick else VIRTUAL):
        bones = draw_bones(model, np.random.default_rng(7000 + number))
        path = folder / f"virtual_{number}"
        path.mkdir()
        bones.write(path)
        loaded = BoneSet.read(path)
        left = loaded[Bone.FIBULA].vertices[:, 0].mean() > loaded[Bone.TIBIA].vertices[:, 0].mean()
        yield path.name, path, "L" if left else "R"


def designed(number: int, name: str, bones: Path, side: Side, out: Path) -> Row:
    """Plan, design and examine one person."""
    lateral = name.startswith("virtual") and number % EVERY_LATERAL == EVERY_LATERAL - 1
    kind = "lateral_closing_wedge" if lateral else "medial_opening_wedge"
    correction = CORRECTIONS_DEG[number % len(CORRECTIONS_DEG)]
    row = Row(name, side, kind.split("_")[0], correction, CLEARANCES_MM[number % len(CLEARANCES_MM)])
    try:
        plan = plan_files(bones, side, correction_deg=correction, kind=kind)  # type: ignore[arg-type]
        cpu, wall = time.process_time(), time.perf_counter()
        made = design_files(bones, plan, out, parameters={"bone_clearance_mm": row.clearance})
        row.cpu_s, row.wall_s = time.process_time() - cpu, time.perf_counter() - wall
    except InputError as error:
        row.refused = error.code
        return row
    row.blocked = [check["name"] for check in made["checks"] if check["status"] == "block"]
    row.found = examine(out, bones / "tibia.ply", plan)
    return row


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        for number, (name, bones, side) in enumerate(people(folder, quick=options.quick)):
            if not number:
                designed(number, name, bones, side, folder / "warm")
            row = designed(number, name, bones, side, folder / f"guide_{number}")
            rows.append(row)
            print(*row.cells(), flush=True)
        filled, open_ = undercut_touches(folder)
        solids = peer(folder)
    cells = [row.cells() for row in rows]
    print(report.table(HEADS, [[*row, *["-"] * (len(HEADS) - len(row))] for row in cells]), end="\n\n")
    cpu = [row.cpu_s for row in rows if row.cpu_s is not None]
    wall = [row.wall_s for row in rows if row.wall_s is not None]
    line: dict[str, Any] = {
        "quick": options.quick,
        "designed": len(cpu),
        "passed": sum(row.passed for row in rows),
        "failed": sum(not row.passed for row in rows),
        "refused": dict(Counter(row.refused for row in rows if row.refused)),
        "median_s": float(np.median(cpu)) if cpu else None,
        "worst_s": max(cpu, default=None),
        "median_wall_s": float(np.median(wall)) if wall else None,
        "worst_wall_s": max(wall, default=None),
        "undercut_touches": {"filled": filled, "not_filled": open_},
        "peer": solids,
    }
    for clearance in CLEARANCES_MM:
        of = [row.found for row in rows if row.found and row.clearance == clearance]
        line[f"clearance_{clearance:g}_mean_mm"] = _mean(of, "clearance_mean_mm")
        line[f"clearance_{clearance:g}_p95_mm"] = _mean(of, "clearance_p95_mm")
    for name in ("slot_deg", "slot_mm", "wire_deg", "overlap_mm3", "touches"):
        line[f"worst_{name}"] = max((row.found[name] for row in rows if row.found), default=None)
    report.finish(line)


def _mean(found: list[dict[str, Any]], name: str) -> float | None:
    return float(np.mean([one[name] for one in found])) if found else None


if __name__ == "__main__":
    main()
