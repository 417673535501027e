"""The demo's X-rays: a virtual examination of an LLP26 test person, whom no weight has seen.

``python -m recon.population.demo`` makes ``recon/assets/demo`` again, byte for byte.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from recon.bones import BoneSet
from recon.drr.physics import Detector
from recon.drr.scene import Scene, standard_stations
from recon.images.write import Positioner
from recon.population.people import bones_from_nodes, people_nodes
from recon.population.pose import KneePose, pose_leg, side_of
from recon.training.dataset import TEST_PEOPLE

FOLDER = Path(__file__).parents[1] / "assets" / "demo"
_SIZE, _PIXEL_MM = 640, 0.48
POSE = KneePose(
    blend=(0.4, 0.3, 0.3),
    flexion=9.0,
    varus=1.5,
    rotation=1.0,
    joint_gap=4.0,
    patella_gap=3.0,
    patella_height=0.0,
    leg_rotation=(0.03, 0.02, -0.05),
    leg_shift=(3.0, -2.0, 4.0),
)


def demo_bones() -> BoneSet:
    """The true bones of the demo person in the frame of the rig."""
    person = {part: nodes[TEST_PEOPLE[0]] for part, nodes in people_nodes().items()}
    return pose_leg(bones_from_nodes(person), POSE)


def render_demo(folder: Path) -> None:
    """Write ``ap.dcm``, ``lateral.dcm`` and ``rig.json`` of the demo person into a folder."""
    bones = demo_bones()
    base = Positioner(0.0, rows=_SIZE, columns=_SIZE, pixel_spacing=(_PIXEL_MM, _PIXEL_MM))
    scene = Scene(standard_stations(2.0, 88.0, base), Detector(bits=12), side_of(bones), seed=21)
    with tempfile.TemporaryDirectory() as temporary:
        bones.write(Path(temporary))
        scene.render_bones(Path(temporary), folder)


if __name__ == "__main__":
    render_demo(FOLDER)
