"""Our projector against ``nanodrr`` on real CTs: ``python -m tests.benchmarks.drr_peers [--quick]``.

Both integrate the same volume of 256^3 nodes along the rays of the same 256^2 pixels, by the same number of
threads. The peer samples points evenly along each ray: many of them where images are compared, one a voxel
where times are, which is the least that sees every voxel.

``difference_percent`` is the largest difference of any pixel in any view of any CT, in percent of the range
of values in the peer's image; mean and 99th percentile stand beside it. ``speedup`` is the median of the
peer's times over the median of ours, runs taken in turn after a warm-up.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
import torch

from recon.dataset.cube import sample_cube
from recon.dataset.manifest import Settings
from recon.drr.beam import ENERGIES_KEV, per_mm
from recon.drr.joseph import project_volume
from recon.geometry import Camera, ReconstructionCube
from recon.images.write import Positioner
from recon.knee import isolate_limb, knee_centre
from recon.volumes import read_ct
from tests.benchmarks import report
from tests.data import FOLDER

Array = npt.NDArray[np.float64]

SIZE = 256
CTS = ("sts_010_dicom", "vhf_L.nii.gz")
VIEWS = {"ap": (0.0, 0.0), "lateral": (90.0, 0.0), "oblique": (40.0, 12.0)}
SAMPLES_TO_COMPARE, SAMPLES_TO_TIME = 640, SIZE


def attenuation_cube(path: Path, size: int) -> tuple[torch.Tensor, Array]:
    """A CT's knee on the cube of 200 mm: (size, size, size) attenuation per mm at 50 keV, and its affine."""
    volume = read_ct(path)
    centre = knee_centre(volume)
    settings = Settings(volume_size=size)
    hu = sample_cube(isolate_limb(volume, centre).centred_on(centre), settings)
    axis = ReconstructionCube(settings.cube_side_mm).grid_axis(size)
    affine = np.diag([*3 * [axis[1] - axis[0]], 1.0])
    affine[:3, 3] = axis[0]
    water = per_mm("water")[ENERGIES_KEV.index(50.0)]
    return torch.from_numpy(np.maximum((water * (1 + hu / 1000)).astype(np.float32), 0)), affine


def peer_projector(
    values: torch.Tensor, affine: Array, camera: Camera, samples: int
) -> Callable[[], torch.Tensor]:
    """``nanodrr`` set up for a (Z, Y, X) volume and any camera; calling it gives the (rows, columns) image.

    Its pixel centres lie at halves, ours at integers; its cameras are a matrix K and a pose, of which ours
    are the special case without rotation, since K may be any 3 x 3 matrix.
    """
    from nanodrr.data import Subject
    from nanodrr.drr import render

    sizes = torch.tensor(values.shape[::-1], dtype=torch.float32)
    to_grid = torch.diag(torch.cat([2 / sizes, torch.ones(1)]))
    to_grid[:3, 3] = 1 / sizes - 1
    to_mm = torch.tensor(affine, dtype=torch.float32)
    subject = Subject(
        values[None, None],
        torch.zeros_like(values)[None, None],
        to_mm,
        torch.linalg.inv(to_mm),
        to_grid,
        torch.zeros(3),
        convert_to_mu=False,
        max_label=0,
    )
    from_halves = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
    k_inverse = torch.tensor(np.linalg.inv(camera.projection[:, :3]) @ from_halves, dtype=torch.float32)
    pose = torch.eye(4)
    pose[:3, 3] = torch.tensor(camera.source, dtype=torch.float32)
    corners = np.array([[x, y, z, 1.0] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    corners[:, :3] *= sizes.numpy()
    behind = float(camera.project((corners @ affine.T)[:, :3])[1].max()) + 10

    def image() -> torch.Tensor:
        found = render(
            subject,
            k_inverse[None],
            pose[None],
            torch.tensor([behind]),
            camera.rows,
            camera.columns,
            n_samples=samples,
            backend="torch",
        )
        return torch.as_tensor(found[0, 0])

    return image


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    quick = report.options(__doc__).quick
    paths = [FOLDER / "ct" / name for name in CTS[: 1 if quick else None] if (FOLDER / "ct" / name).exists()]
    if not paths:
        sys.exit(f"No CT in {FOLDER / 'ct'}: set KNEE_DATA to the folder of real data")
    threads = len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    views = {name: VIEWS[name] for name in (["ap", "oblique"] if quick else VIEWS)}
    runs = 3 if quick else 7
    rows, worst, means, ours_s, peers_s = [], 0.0, [], [], []
    with torch.no_grad():
        for path in paths:
            values, affine = attenuation_cube(path, SIZE)
            for name, (primary, secondary) in views.items():
                pixel = 0.3 * 1024 / SIZE
                camera = Positioner(
                    primary, secondary, rows=SIZE, columns=SIZE, pixel_spacing=(pixel, pixel)
                ).camera
                ours = project_volume(values, affine, camera)  # warms up as well
                peer = peer_projector(values, affine, camera, SAMPLES_TO_COMPARE)()
                percent = (100 * (ours - peer).abs() / (peer.max() - peer.min())).numpy()
                timed = peer_projector(values, affine, camera, SAMPLES_TO_TIME)
                timed()
                pairs = np.array(
                    [
                        (
                            seconds(lambda v=values, a=affine, c=camera: project_volume(v, a, c)),
                            seconds(timed),
                        )
                        for _ in range(runs)
                    ]
                )
                own, other = np.median(pairs, axis=0)
                ours_s.extend(pairs[:, 0])
                peers_s.extend(pairs[:, 1])
                worst = max(worst, float(percent.max()))
                means.append(float(percent.mean()))
                figures = (percent.mean(), np.percentile(percent, 99), percent.max())
                cells = [f"{figure:.4f}" for figure in figures] + [f"{own:.3f}", f"{other:.3f}"]
                rows.append([path.name, name, *cells, f"{other / own:.1f}"])
    headings = ["CT", "view", "mean %", "p99 %", "max %", "ours s", "nanodrr s", "times as fast"]
    print(report.table(headings, rows))
    report.finish(
        {
            "peer": "nanodrr",
            "difference_percent": worst,
            "difference_percent_is": "largest pixel difference in percent of the range of the peer's image",
            "mean_difference_percent": float(np.mean(means)),
            "speedup": float(np.median(peers_s) / np.median(ours_s)),
            "seconds": float(np.median(ours_s)),
            "peer_seconds": float(np.median(peers_s)),
            "samples_compared": SAMPLES_TO_COMPARE,
            "samples_timed": SAMPLES_TO_TIME,
            "threads": threads,
            "quick": quick,
        }
    )


if __name__ == "__main__":
    main()
