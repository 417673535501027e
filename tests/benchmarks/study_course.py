"""The paper's two studies from the wizard to the report, over HTTP, with virtual raters.

``python -m tests.benchmarks.study_course [--quick] [--out FOLDER]``: 40 cases x 2 versions x 10 raters (2,400
ratings on three scales, with the guess of the source 4,000 answers) and 5 patients x 2 guides x 3 surgeons,
who time their cuts. The X-ray-based bones are planted 0.3 points lower and the X-ray-based guides one point
and two minutes better; ``found`` counts scales on which the exact test finds the planted difference of bones.
``--out`` keeps the reports.

``python -m tests.benchmarks.study_course --servers [--minutes 10]``: ten raters at once, an answer every half
second each, on a real server that is killed twice; ``lost`` and ``doubled`` count ratings.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import report
from tests.benchmarks.installation import installation
from tests.benchmarks.study_simulation import World

PLANTED, MARGIN = 0.3, 0.2
# Quick raters, between two answers.
PAUSE_S = 0.5


def main() -> None:
    """Run, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases and raters; ends within a minute")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep the reports there")
    parser.add_argument("--servers", action="store_true", help="a real server, killed twice")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long, with --servers")
    options = parser.parse_args()
    if options.servers:
        _servers(0.5 if options.quick else options.minutes)
        return
    with installation():
        bones = _bones(*((8, 3) if options.quick else (40, 10)), options.out)
        guides = _guides(options.out)
    scales = [key for key in bones["analysis"]["questions"] if key != "source_sureness"]
    rows = []
    for told in (bones, guides):
        for key, found in told["analysis"]["questions"].items():
            test, same = found["wilcoxon"], found["equivalence"]
            rows.append(
                (
                    key,
                    found["ct"]["mean"],
                    found["xray"]["mean"],
                    test["estimate"],
                    f"{test['p']:.4f}",
                    f"{test['smallest_p']:.4f}",
                    "-" if same is None else f"{same['p']:.4f}",
                )
            )
    headings = ("question", "CT", "X-ray", "difference", "exact p", "at best", "equivalence p")
    print(report.table(headings, rows), end="\n\n")
    found = sum(bones["analysis"]["questions"][key]["wilcoxon"]["p"] < 0.05 for key in scales)
    report.finish(
        {
            "items": bones["flow"]["items"]["complete"],
            "ratings": sum(
                bones["analysis"]["questions"][key][arm]["n"] for key in scales for arm in ("ct", "xray")
            ),
            "scales": len(scales),
            "found": found,
            "guides_smallest_p": guides["analysis"]["questions"]["fitting"]["wilcoxon"]["smallest_p"],
            "seconds": bones["seconds"] + guides["seconds"],
        }
    )


def _bones(cases: int, raters: int, out: Path | None) -> dict[str, Any]:
    from backend.studies.models import StudyKind
    from tests.backend.studies import virtual

    generator = np.random.default_rng(2026)
    world = World(cases=cases, raters=raters, effect=PLANTED, distance=min(10, cases))
    progress = world.progress(generator.bytes(32))
    scales = {key: world.study(generator, progress) for key in virtual.SCALES[StudyKind.MODEL_RATING]}
    return _conducted(StudyKind.MODEL_RATING, virtual.Opinions(scales), world, out)


def _guides(out: Path | None) -> dict[str, Any]:
    from backend.studies.models import StudyKind
    from tests.backend.studies import virtual

    generator = np.random.default_rng(2027)
    world = World(cases=5, raters=3, points=6, mean=4.2, effect=-1.0, distance=2)
    progress = world.progress(generator.bytes(32))
    scales = {key: world.study(generator, progress) for key in virtual.SCALES[StudyKind.HTO_SIMULATION]}
    minutes = tuple(14 - 2 * arm + generator.normal(0, 1, (3, 5)) for arm in (0, 1))
    return _conducted(StudyKind.HTO_SIMULATION, virtual.Opinions(scales, minutes), world, out)


def _conducted(kind: Any, opinions: Any, world: World, out: Path | None) -> dict[str, Any]:
    from tests.backend.studies import virtual
    from tests.backend.studies.factories import pretend_blinded, team

    began = time.perf_counter()
    people = team(raters=world.raters)
    study = virtual.open_study(
        people, kind, cases=world.cases, distance=world.distance, margin=MARGIN, blind=pretend_blinded
    )
    virtual.rate(people, study, opinions, np.random.default_rng(5))
    told = virtual.close(people, study)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        client = virtual.log_in(people.coordinator)
        for name in ("report.html", "report.pdf", "ratings.csv", "codebook.csv"):
            content = client.get(f"/api/studies/{study.pk}/report/{name}").content
            (out / f"{kind.value}-{name}").write_bytes(content)
    return told | {"seconds": time.perf_counter() - began}


def _servers(minutes: float) -> None:
    from tests.backend.studies.load import rate_under_fire

    with tempfile.TemporaryDirectory(prefix="knee-benchmark-") as temporary:
        answers = round(60 * minutes / PAUSE_S)
        found = rate_under_fire(Path(temporary), raters=10, answers=answers, pause_s=PAUSE_S, kills=2)
    rows = [(name, value) for name, value in vars(found).items()]
    print(report.table(["what", "count"], rows), end="\n\n")
    report.finish(vars(found))


if __name__ == "__main__":
    main()
