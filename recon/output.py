"""Results that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from recon.errors import InputError


def check_writable(folder: Path) -> None:
    """Make sure that a folder can be made, or written into where it exists, without making it.

    Raises:
        InputError: bad_output.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise InputError("bad_output", f"{nearest} is a file", "Give a folder for the results")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError("bad_output", f"{folder} cannot be written", "Give a folder that you may write")


@contextmanager
def output_folder(out: Path, *, replaces: Sequence[str] = ()) -> Iterator[Path]:
    """A folder to write into that becomes ``out`` on success and vanishes on any error.

    The temporary folder lies beside ``out``, on the same file system, so that the last step is a
    rename. Where ``out`` exists already, the new files replace those of the same name, each atomically.

    Args:
        out: the folder for the results.
        replaces: names of results that must not stay from an earlier run when this one does not write them.

    Raises:
        InputError: ``out`` is a file, or its parent cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError("bad_output", f"{out} is a file", "Give a folder for the results")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(
            "bad_output", f"{out} cannot be written ({error.strerror})", "Give a folder that you may write"
        ) from error
    try:
        yield temporary
        temporary.chmod(0o755)
        if out.is_dir():
            written = {path.name for path in temporary.iterdir()}
            for path in sorted(temporary.iterdir()):
                path.replace(out / path.name)
            for name in set(replaces) - written:
                (out / name).unlink(missing_ok=True)
        else:
            temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
