"""Everything that printer and theatre need, in one folder that one command verifies."""

from __future__ import annotations

from guides.package.build import package_files
from guides.package.manifest import verify_package

__all__ = ["package_files", "verify_package"]
