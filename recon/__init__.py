"""X-rays or CT in, four bone meshes out."""

import os

# Threads that spin while they wait take the cores from those that work as soon as anything else runs beside;
# read when torch and numpy are first imported. The linear algebra of numpy is too small to share here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
