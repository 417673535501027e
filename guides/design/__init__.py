"""From an approved plan to a guide: presets, footprint, clearance, assembly."""

from guides.design.assembly import design_files

__all__ = ["design_files"]
