"""Digitally reconstructed radiographs: rays through volumes, meshes to shadows, and what a detector adds."""
