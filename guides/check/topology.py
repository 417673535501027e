"""Whether the files hold one closed part, the same in each, with the handles that the design has."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trimesh
from lxml import etree

from guides.check.verdict import Check, verdict

LEAST_MM3 = 1000.0
VOLUME_SHARE = 0.001
_CORE = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"


def topology(mesh: trimesh.Trimesh, kind: str) -> list[Check]:
    """Closed, one part, positive volume."""
    parts = mesh.body_count
    label = kind.upper()
    return [
        verdict(
            f"watertight_{kind}", mesh.is_watertight, None, None, "", f"The {label} is one closed surface"
        ),
        verdict(f"parts_{kind}", parts == 1, parts, 1, "", f"The {label} holds one part"),
        verdict(
            f"volume_{kind}", mesh.volume > LEAST_MM3, mesh.volume, LEAST_MM3, "mm3",
            f"The {label} encloses a positive volume",
        ),
    ]  # fmt: skip


def same_volume(first: trimesh.Trimesh, other: trimesh.Trimesh, kinds: Sequence[str]) -> Check:
    """Two files hold the same shape."""
    share = abs(other.volume - first.volume) / max(abs(first.volume), 1e-9)
    return verdict(
        "same_volume", share < VOLUME_SHARE, 100 * share, 100 * VOLUME_SHARE, "%",
        f"{kinds[1].upper()} and {kinds[0].upper()} hold the same volume",
    )  # fmt: skip


def handles(mesh: trimesh.Trimesh, report: Mapping[str, Any]) -> Check:
    """Every hole goes through, and none goes through that should not: the genus of the surface."""
    found = 1 - mesh.euler_number // 2
    slots = 1 + sum(slot["name"] != "second cut" for slot in report.get("other_slots", []))
    expected = len(report["wires"]) + slots + len(report.get("windows", []))
    return verdict(
        "openings", found == expected, found, expected, "",
        "Slots, holes and windows go right through the guide, and nothing else does",
        failed="warn", remedy="Look at the guide from all sides before printing; move wires or windows",
    )  # fmt: skip


def metadata_3mf(path: Path, report: Mapping[str, Any] | None) -> list[Check]:
    """The 3MF is in millimetres and says whose it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            model = etree.fromstring(archive.read("3D/3dmodel.model"))
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError):
        return [verdict("unit_3mf", False, None, None, "", "The 3MF can be read as a package")]
    entries = {
        entry.get("name", "").rpartition(":")[2]: entry.text for entry in model.iter(f"{_CORE}metadata")
    }
    checks = [
        verdict("unit_3mf", model.get("unit") == "millimeter", None, None, "", "The 3MF is in millimetres")
    ]
    if report is not None:
        named = entries.get("Side") == report["side"] and entries.get("PlanHash") == report["plan_sha256"]
        checks.append(verdict("names_3mf", named, None, None, "", "The 3MF names side and plan"))
    return checks
