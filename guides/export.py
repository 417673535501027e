"""STL and 3MF out, all files or none."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import trimesh

from guides.errors import InputError


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """A temporary folder that becomes ``out`` when the block ends well and vanishes when it does not.

    Where ``out`` exists already, the new files replace those of the same name, each atomically.

    Raises:
        InputError: ``bad_output`` when ``out`` is a file or cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError("bad_output", f"{out} is a file", "Give a folder for the results")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(
            "bad_output", f"{out} cannot be written ({error.strerror})", "Give a folder that you may write"
        ) from error
    try:
        yield folder
        folder.chmod(0o755)
        if out.is_dir():
            for path in sorted(folder.iterdir()):
                path.replace(out / path.name)
        else:
            folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_stl(mesh: trimesh.Trimesh, path: Path, label: str) -> None:
    """Binary STL, millimetres, patient LPS, with the label in its header."""
    triangles = np.asarray(mesh.vertices, dtype=np.float32)[np.asarray(mesh.faces)]
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    data = np.zeros(len(triangles), dtype=record)
    data["normal"], data["corners"] = normals, triangles
    header = f"HTO guide {label} mm LPS".encode("ascii", "replace")[:80].ljust(80)
    path.write_bytes(header + np.uint32(len(triangles)).tobytes() + data.tobytes())


_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>'
    "</Types>"
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Target="/3D/3dmodel.model" Id="rel0" '
    'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
)
_STANDARD = {
    "Title",
    "Designer",
    "Description",
    "Copyright",
    "LicenseTerms",
    "Rating",
    "CreationDate",
    "Application",
}


def write_3mf(parts: Sequence[tuple[str, trimesh.Trimesh]], path: Path, metadata: Mapping[str, str]) -> None:
    """Named parts as a 3MF in millimetres (3MF core specification 1.3), patient LPS, with metadata.

    Names outside the standard set go into this project's namespace, as the specification asks.
    """
    space = "urn:knee-guides"
    entries = "".join(
        f"<metadata name={quoteattr(name if name in _STANDARD else f'kg:{name}')}>{escape(value)}</metadata>"
        for name, value in metadata.items()
    )
    objects, items = [], []
    for number, (name, mesh) in enumerate(parts, 1):
        vertices = "".join(f'<vertex x="{x:.6f}" y="{y:.6f}" z="{z:.6f}"/>' for x, y, z in mesh.vertices)
        faces = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in mesh.faces)
        objects.append(
            f'<object id="{number}" type="model" name={quoteattr(name)}><mesh>'
            f"<vertices>{vertices}</vertices><triangles>{faces}</triangles></mesh></object>"
        )
        items.append(f'<item objectid="{number}"/>')
    model = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<model unit="millimeter" xml:lang="en-US" '
        f'xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02" xmlns:kg="{space}">{entries}'
        f"<resources>{''.join(objects)}</resources><build>{''.join(items)}</build></model>"
    )
    files = {"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS, "3D/3dmodel.model": model}
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            # One date for all: the same guide gives the same bytes.
            archive.writestr(zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
