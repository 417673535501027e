"""The main job, engines only: a real CT as two X-rays, to bones, to a plan, to a checked guide file.

``python -m tests.benchmarks.main_job [--quick]``. ``seconds`` counts from the X-ray files on: what a surgeon
would wait for. ``tibia_assd_mm`` is the exact point-to-surface distance to the tibia as a threshold finds
it in the CT.
"""

from __future__ import annotations

import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import trimesh

from guides.check import check_files
from guides.design import design_files
from guides.plan import plan_files
from recon.drr.scene import Scene, standard_stations
from recon.images.write import Positioner
from recon.metrics import evaluate_folders
from recon.reconstruct import reconstruct_files
from recon.reference import write_ct_reference
from tests.benchmarks import report
from tests.data import FOLDER

CT, SIDE, CORRECTION_DEG = "sts_010_dicom", "L", 8.0


def main() -> None:
    """Run, measure, print."""
    report.options(__doc__)
    ct = FOLDER / "ct" / CT
    if not ct.exists():
        sys.exit(f"{ct} is absent: set KNEE_DATA to the folder of real data")
    with tempfile.TemporaryDirectory() as temporary:
        xrays, bones, reference, out = (
            Path(temporary, name) for name in ("xrays", "bones", "reference", "guide")
        )
        centre = Scene(standard_stations(0.0, 90.0, Positioner(0.0)), side=SIDE).render_ct(ct, xrays)
        clock = [time.perf_counter()]
        reconstruct_files(xrays / "ap.dcm", xrays / "lateral.dcm", bones, accept_untrusted=True)
        clock.append(time.perf_counter())
        plan = plan_files(bones, SIDE, correction_deg=CORRECTION_DEG)
        clock.append(time.perf_counter())
        design_files(bones, plan, out)
        clock.append(time.perf_counter())
        checks = check_files(out / "guide.stl", bones, plan)
        clock.append(time.perf_counter())

        write_ct_reference(ct, reference, isocentre=centre)
        tibia = evaluate_folders(bones, reference)["bones"]["tibia"]
        guide = trimesh.load_mesh(out / "guide.stl")

    stages = ("reconstruct", "plan", "design", "check")
    spans = [after - before for before, after in pairwise(clock)]
    print(report.table(["stage", "seconds"], list(zip(stages, spans, strict=True))), end="\n\n")
    print(
        report.table(
            ["check", "status", "value", "limit", "unit"],
            [[c["name"], c["status"], c["value"], c["limit"], c["unit"]] for c in checks],
        )
    )
    overlap = next(check["value"] for check in checks if check["name"] == "overlap")
    report.finish(
        {
            "seconds": clock[-1] - clock[0],
            "guide_watertight": bool(guide.is_watertight),
            "guide_parts": guide.body_count,
            "overlap_mm3": overlap,
            "tibia_assd_mm": tibia["p2s_assd_mm"],
            "tibia_dsc_percent": tibia["dsc_percent"],
            "blocking_checks": sum(check["status"] == "block" for check in checks),
        }
    )


if __name__ == "__main__":
    main()
