"""From an approved plan to a guide: presets, footprint, clearance, parts, assembly, files."""

from guides.design.files import check_request, design_files

__all__ = ["check_request", "design_files"]
