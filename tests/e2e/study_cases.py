"""Cases with two versions each and raters, beside the demo: ``python -m tests.e2e.study_cases``.

Runs in the server's own folder (``KNEE_VAR``). The cases are copies of the demo's: its X-rays, its bones, and
the same bones with a swell on them in place of those of a CT. Nothing is told by them but that pages work.
"""

from __future__ import annotations

import argparse
import io
import os
from typing import TYPE_CHECKING

import django
import numpy as np
import trimesh

if TYPE_CHECKING:
    from backend.cases.models import Case
    from backend.imaging.models import BoneSet


def main() -> None:
    """Make what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", required=True, help="pseudonyms are PREFIX-01, PREFIX-02, ...")
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--raters", type=int, required=True, help="how many people PREFIX1, PREFIX2, ...")
    parser.add_argument("--guides", action="store_true", help="a guide on either version, too")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.core.settings")
    django.setup()
    _cases(options.prefix, options.cases, options.guides)
    _raters(options.prefix, options.raters)


def _cases(prefix: str, count: int, guides: bool) -> None:
    from backend.cases.models import Case
    from backend.core import storage
    from backend.core.management.commands.demo import READY
    from backend.imaging.models import Image
    from tests.backend import factories

    demo = Case.objects.get(patient__pseudonym=READY)
    made = demo.bone_sets.get(origin="xray_network")
    swollen = {mesh.bone: _swollen(mesh.mesh) for mesh in made.meshes.all()}
    for number in range(1, count + 1):
        case = Case.objects.create(
            site=demo.site,
            surgeon=demo.surgeon,
            side=demo.side,
            patient=factories.PatientFactory(site=demo.site, pseudonym=f"{prefix}-{number:02}"),
        )
        for image in demo.images.all():
            image.pk, image._state.adding, image.case = None, True, case
            Image.objects.bulk_create([image])
        own = {mesh.bone: mesh.mesh for mesh in made.meshes.all()}
        # Bones of a CT come from the CT network or from other software.
        from_ct = "imported" if number % 2 else "ct_network"
        versions = [_bone_set(case, 1, "xray_network", own), _bone_set(case, 2, from_ct, swollen)]
        if guides:
            for bones in versions:
                block = trimesh.creation.box(extents=(20, 30, 40 + bones.number)).export(file_type="stl")
                factories.GuideFactory(
                    plan__bone_set=bones, plan__revision=bones.number, stl=storage.put(block, ".stl")
                )


def _bone_set(case: Case, number: int, origin: str, keys: dict[str, str]) -> BoneSet:
    from backend.imaging.models import BoneMesh, BoneSet

    bones = BoneSet.objects.create(
        case=case, number=number, origin=origin, model="copy", author=case.surgeon, report={}
    )
    BoneMesh.objects.bulk_create(
        BoneMesh(bone_set=bones, bone=bone, mesh=key, display=key, vertices=0, faces=0)
        for bone, key in keys.items()
    )
    return bones


def _swollen(key: str) -> str:
    """The storage key of a mesh that bulges by up to 1.5 mm, in waves 30 mm long."""
    from backend.core import storage

    mesh = trimesh.load(io.BytesIO(storage.get(key)), file_type="ply", process=False)
    waves = np.sin(np.asarray(mesh.vertices) * (2 * np.pi / 30)).sum(axis=1, keepdims=True)
    mesh.vertices = np.asarray(mesh.vertices) + 0.5 * waves * np.asarray(mesh.vertex_normals)
    return storage.put(mesh.export(file_type="ply"), ".ply")


def _raters(prefix: str, count: int) -> None:
    from backend.accounts.models import Membership, Person, Role, Site
    from backend.core.demo import SITE, read_credentials

    credentials = read_credentials()
    if credentials is None:
        raise SystemExit("Run the demo command in this folder first.")
    for number in range(1, count + 1):
        person = Person(username=f"{prefix.lower()}{number}", name=f"{prefix} Rater {number}")
        person.set_password(credentials["password"])
        person.save()
        Membership.objects.create(person=person, site=Site.objects.get(name=SITE), role=Role.RATER)


if __name__ == "__main__":
    main()
