"""Can anything that a rater's browser receives, but the shapes themselves, tell the arm?

``python -m tests.benchmarks.blinding_leak [--quick]``. Virtual knees in two versions as two programs would
make them (other triangles, other rounding, shafts of other lengths), blinded by the job's own code and served
by the application's own views to 400 items' raters. Of every answer: status, headers, sizes, counts, names,
order, times. A classifier with a kernel for each of these and one for all together is trained to predict the
arm, pairs of versions held out; ``p``: how many of 999 relabellings (arms exchanged within pairs, trained
anew each time) predict as well.

``planted_p``: the same, with one leak planted: the first number of a file is the vertex count of the source.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import cdist

from tests.benchmarks import report
from tests.benchmarks.blinded_study import blinded_study
from tests.benchmarks.installation import installation

ITEMS = 400
RELABELLINGS, FOLDS, RIDGE = 999, 8, 0.1
Array = NDArray[np.float64]


def main() -> None:
    """Blind, serve, classify, print."""
    cases = 8 if report.options(__doc__).quick else 40
    raters = ITEMS // (2 * cases)
    with installation():
        study, people = blinded_study(cases, raters)
        features, names, arms, pairs = _received(study, people)
        planted, _, _, _ = _received(study, people, leak=_vertex_counts(study))
    generator = np.random.default_rng(7)
    rows, found = [], {}
    for name, table in (("as served", features), ("vertex count planted", planted)):
        auc, p = leak(table, arms, pairs, generator)
        found[name] = (auc, p)
        rows.append((name, str(len(arms)), str(_varying(table).shape[1]), f"{auc:.3f}", f"{p:.3f}"))
    print(report.table(("", "items", "features that vary", "AUC", "p"), rows), end="\n\n")
    constant = [name for name, column in zip(names, features.T, strict=True) if not np.ptp(column)]
    headers = sum(" header " in name for name in constant)
    rest = ", ".join(name for name in constant if " header " not in name)
    print(f"The same for every item: {headers} headers, {rest}.\n")
    report.finish(
        {
            "items": len(arms),
            "auc": found["as served"][0],
            "p": found["as served"][1],
            "planted_auc": found["vertex count planted"][0],
            "planted_p": found["vertex count planted"][1],
        }
    )


def leak(
    features: Array, arms: Array, pairs: NDArray[np.int64], generator: np.random.Generator
) -> tuple[float, float]:
    """How well held-out arms are predicted, and how often as well by chance.

    Kernel ridge regression on +-1 (least-squares classification): predictions of held-out items are linear in
    the labels of the others, so that every relabelling is trained anew by one product of matrices.

    Args:
        features: (items, features).
        arms: (items,), -1 or 1.
        pairs: (items,), the same number for the two versions of a case in the list of one rater.

    Returns:
        Area under the ROC curve, and p.
    """
    table = _varying(features)
    scaled = (table - table.mean(axis=0)) / table.std(axis=0)
    kernel = np.exp(-cdist(scaled, scaled, "sqeuclidean") / (2 * scaled.shape[1]))
    for column in scaled.T:
        kernel += np.exp(-((column[:, None] - column) ** 2) / 2) / scaled.shape[1]
    flips = generator.choice((-1.0, 1.0), (RELABELLINGS + 1, pairs.max() + 1))
    flips[0] = 1
    labels = (flips[:, pairs] * arms).T
    folds = generator.permutation(pairs.max() + 1)[pairs] % FOLDS
    scores = np.empty_like(labels)
    for fold in range(FOLDS):
        test, train = folds == fold, folds != fold
        weights = np.linalg.solve(kernel[np.ix_(train, train)] + RIDGE * np.eye(train.sum()), labels[train])
        scores[test] = kernel[np.ix_(test, train)] @ weights
    ranks = stats.rankdata(scores, axis=0)
    first = (labels > 0).sum(axis=0)
    above = (ranks * (labels > 0)).sum(axis=0) - first * (first + 1) / 2
    areas = above / (first * (len(labels) - first))
    return float(areas[0]), float((areas >= areas[0]).mean())


def _varying(table: Array) -> Array:
    return table[:, np.ptp(table, axis=0) > 0]


def _vertex_counts(study: Any) -> Callable[[bytes, str], bytes]:
    """The planted leak: what a careless export would leave in the file."""
    from backend.imaging.models import BoneMesh
    from backend.studies.allocation.models import Assignment
    from backend.studies.models import StudyArm

    counts = {}
    for one in Assignment.objects.filter(item__rater__study=study).select_related("study_case"):
        bones = StudyArm.objects.get(study_case=one.study_case, arm=one.arm).bone_set
        counts[one.item_id] = BoneMesh.objects.get(bone_set=bones, bone="patella").vertices
    return lambda content, token: struct.pack("<I", counts[token]) + content[4:]


def _received(
    study: Any, people: Any, leak: Callable[[bytes, str], bytes] | None = None
) -> tuple[Array, list[str], Array, NDArray[np.int64]]:
    """What browsers receive of every item, and the truth: (items, features), names, arms, pairs."""
    from backend.studies.allocation.models import Assignment
    from backend.studies.models import Item
    from tests.backend.studies.virtual import log_in

    truth = {
        one.item_id: one
        for one in Assignment.objects.filter(item__rater__study=study).select_related("item__rater")
    }
    pair_of: dict[tuple[Any, Any], int] = {}
    rows: list[dict[str, float]] = []
    arms, pairs = [], []
    for person in people.raters:
        client = log_in(person)
        seen: dict[bytes, int] = {}
        # Everything before an item is complete, as it is when its turn comes.
        for line in client.get(f"/api/rating/studies/{study.pk}/").json()["list"]:
            token = line["token"]
            rows.append(_item(client, token, line, seen, leak))
            Item.objects.filter(pk=token).update(completed_at=study.started_at)
            one = truth[token]
            arms.append(1.0 if one.arm == "ct" else -1.0)
            pairs.append(pair_of.setdefault((person.pk, one.study_case_id), len(pair_of)))
        Item.objects.filter(rater__person=person).update(completed_at=None, opened_at=None)
    names = sorted({name for row in rows for name in row})
    table = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    return table, names, np.array(arms), np.array(pairs)


def _item(
    client: Any,
    token: str,
    line: dict[str, Any],
    seen: dict[bytes, int],
    leak: Callable[[bytes, str], bytes] | None,
) -> dict[str, float]:
    """All that one item brings into a browser, as numbers."""
    told: dict[str, float] = {"position": line["position"], "odd position": line["position"] % 2}
    for place, letter in enumerate(token):
        told[f"token {place}"] = ord(letter)
    for place, letter in enumerate(line["code"]):
        told[f"code {place}"] = ord(letter)
    address = f"/api/rating/items/{token}/"
    for name, method, path in (
        ("open", "post", "open/"),
        ("page", "get", ""),
        ("bones", "get", "bones/"),
        ("ap", "get", "xrays/ap/"),
        ("lateral", "get", "xrays/lateral/"),
    ):
        began = time.perf_counter()
        answer = getattr(client, method)(address + path)
        told[f"{name} seconds"] = time.perf_counter() - began
        content = answer.content
        told |= {f"{name} status": answer.status_code, f"{name} bytes": len(content)}
        for header, value in answer.headers.items():
            told[f"{name} header {header}"] = float(sum(map(ord, value)))
        if name == "bones":
            told |= _file(leak(content, token) if leak else content)
        if name == "ap":
            # The X-rays show whether the case came before, and how long ago.
            told["items since the case"] = line["position"] - seen.get(content, line["position"])
            seen.setdefault(content, line["position"])
    return told


def _file(content: bytes) -> dict[str, float]:
    """Counts that stand in the file of the bones, and how much of it is used."""
    from backend.studies.blinding_mesh import FACES, SLOT_BYTES, VERTICES

    told: dict[str, float] = {"file zeros": content.count(b"\0" * 64)}
    for slot in range(4):
        (count,) = struct.unpack_from("<I", content, slot * SLOT_BYTES)
        faces = np.frombuffer(content, "<u2", 3 * FACES, slot * SLOT_BYTES + 4 + 12 * VERTICES)
        told |= {f"file count {slot}": count, f"file vertices {slot}": int(faces.max())}
    return told


if __name__ == "__main__":
    main()
