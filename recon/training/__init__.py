"""Training of the reconstruction networks."""
