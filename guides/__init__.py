"""Bone meshes in, osteotomy plan and printable guide out."""
