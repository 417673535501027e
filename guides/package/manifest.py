"""The manifest of a print package: every file with its hash, back to the X-rays; and its verification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guides.errors import InputError
from guides.plan_document import plan_hash, schema_breach
from guides.reconstruction import read_reconstruction

SCHEMA = "hto-package/1"
MANIFEST, SEAL = "manifest.json", "manifest.sha256"

_SHAPE = {
    "type": "object",
    "required": ["schema", "pseudonym", "side", "plan_sha256", "sources", "files"],
    "properties": {
        "schema": {"const": SCHEMA},
        "sources": {"type": "object"},
        "files": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["sha256", "bytes", "what"],
                "properties": {"sha256": {"type": "string"}, "bytes": {"type": "integer"}},
            },
        },
    },
}


def sources(bones: Path, report: Mapping[str, Any]) -> dict[str, Any]:
    """What the guide was made from: plan, bones, and the images that the bones' own report names.

    Raises:
        InputError: ``bad_bones_report``.
    """
    made = read_reconstruction(bones)
    return {
        "plan_sha256": report["plan_sha256"],
        "bones_sha256": report["bones_sha256"],
        "reconstruction_sha256": made and made.sha256,
        "model": made and made.model,
        "images": list(made.images) if made else [],
    }


def write_manifest(folder: Path, head: Mapping[str, Any], what: Mapping[str, str]) -> dict[str, Any]:
    """Hash every file of a folder and seal the list.

    Args:
        folder: holds the files.
        head: what the manifest says besides.
        what: name of a file to what it is.
    """
    files = {
        name: {"sha256": _sha256(folder / name), "bytes": (folder / name).stat().st_size, "what": words}
        for name, words in what.items()
    }
    manifest = {"schema": SCHEMA, **head, "files": files}
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")
    (folder / SEAL).write_text(f"{hashlib.sha256(text.encode()).hexdigest()}  {MANIFEST}\n", "utf-8")
    return manifest


def verify_package(folder: Path) -> list[str]:
    """What is wrong with a package; nothing when every file is as the manifest says.

    Raises:
        InputError: ``no_package``.
    """
    path, seal = folder / MANIFEST, folder / SEAL
    if not path.is_file() or not seal.is_file():
        raise InputError(
            "no_package",
            f"{folder} is no print package",
            "Give the folder that python -m guides package wrote",
        )
    problems = []
    if seal.read_text("utf-8").split()[:1] != [_sha256(path)]:
        problems.append(f"{MANIFEST} is not the one that was sealed")
    try:
        manifest = json.loads(path.read_text("utf-8"))
        breach = schema_breach(manifest, _SHAPE)
    except ValueError:
        breach = "not JSON"
    if breach is not None:
        return [*problems, f"{MANIFEST} is no manifest of a print package ({breach})"]
    for name, entry in manifest["files"].items():
        file = folder / name
        if Path(name).name != name or not file.is_file():
            problems.append(f"{name} is missing")
        elif _sha256(file) != entry["sha256"]:
            problems.append(f"{name} was changed")
    there = {file.name for file in folder.iterdir()} - {MANIFEST, SEAL}
    problems += [f"{name} does not belong to the package" for name in sorted(there - set(manifest["files"]))]
    return problems or _chain(folder, manifest)


def _chain(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Whether plan, report and manifest speak of one another."""
    problems = []
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    report = json.loads((folder / "report.json").read_text("utf-8"))
    if not plan_hash(plan) == report["plan_sha256"] == manifest["plan_sha256"]:
        problems.append("plan.json is not the plan that the guide was designed from")
    if plan["bones_sha256"].get("tibia") != report["bones_sha256"].get("tibia"):
        problems.append("The guide was not designed on the bones of the plan")
    if any(check["status"] == "block" for check in report["checks"]):
        problems.append("A check blocks this guide")
    return problems


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
