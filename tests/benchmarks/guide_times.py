"""How long a plan, a preview and a guide take: ``python -m tests.benchmarks.guide_times [--quick]``.

Processor time is what counts: the machine may be busy. Prints a table and, last, one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from guides.design import design_files
from guides.errors import InputError
from guides.plan import plan_files
from tests.data import FOLDER

LIMITS_S = {"plan": 1.5, "preview": 0.2, "guide": 10.0}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of this process, and what the work returned."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def measure(bones: Path, correction_deg: float, out: Path) -> dict[str, Any]:
    """Times of one bone set in seconds, or the code of the refusal."""
    side = bones.name[-1].upper()
    row: dict[str, Any] = {"bones": bones.name}
    try:
        row["plan"], plan = timed(lambda: plan_files(bones, side, correction_deg=correction_deg))
        marks = plan["landmarks"]
        again = [
            timed(lambda: plan_files(bones, side, correction_deg=correction_deg + 0.5, landmarks=marks))[0]
            for _ in range(3)
        ]
        row["preview"] = sorted(again)[1]
        row["guide"], report = timed(lambda: design_files(bones, plan, out))
        row["blocked"] = sum(check["status"] == "block" for check in report["checks"])
    except InputError as error:
        row["refused"] = error.code
    return row


def main() -> None:
    """Measure every real bone set; ``--quick`` only two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two bone sets instead of all")
    parser.add_argument("--correction", type=float, default=8.0, metavar="DEG")
    options = parser.parse_args()
    folders = sorted((FOLDER / "bones").glob("*_[lr]"))
    if not folders:
        parser.exit(
            2, f"error: no bone sets in {FOLDER / 'bones'}. Set KNEE_DATA to the folder with bones/.\n"
        )
    if options.quick:
        folders = [folders[0], folders[-1]]
    rows = []
    print(f"{'bones':20}{'plan s':>9}{'preview s':>11}{'guide s':>9}  blocked")
    with tempfile.TemporaryDirectory() as folder:
        # The first run pays for imports and compilation.
        measure(folders[0], options.correction, Path(folder) / "warm")
        for bones in folders:
            row = measure(bones, options.correction, Path(folder) / bones.name)
            rows.append(row)
            if "refused" in row:
                print(f"{row['bones']:20}refused: {row['refused']}")
            else:
                times = f"{row['plan']:9.2f}{row['preview']:11.3f}{row['guide']:9.2f}"
                print(f"{row['bones']:20}{times}{row['blocked']:9}")
    worst = {name: max((row[name] for row in rows if name in row), default=None) for name in LIMITS_S}
    print(json.dumps({"benchmark": "guide_times", "worst_s": worst, "limits_s": LIMITS_S, "rows": rows}))


if __name__ == "__main__":
    main()
