"""``python -m guides``."""

import sys
import traceback

from guides.bounded import CRASHED
from guides.cli import main

if __name__ == "__main__":
    try:
        status = main()
    except Exception:
        # Status 1 means that a check blocks; a parent must be able to tell the two apart.
        traceback.print_exc()
        status = CRASHED
    sys.exit(status)
