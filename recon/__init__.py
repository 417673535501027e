"""X-rays or CT in, four bone meshes out."""
