"""The report in sections of words, tables and figures, for whatever shows it."""

from __future__ import annotations

from typing import Any

from backend.studies.models import QuestionKind, StudyKind
from backend.studies.reporting.blocks import Section, Table
from backend.studies.reporting.results import (
    OF_BLINDING,
    blinding_section,
    overview_section,
    question_section,
    simulated_section,
)
from backend.studies.reporting.words import NONE, moment

_KINDS = {
    StudyKind.MODEL_RATING: "Rating of bone models",
    StudyKind.HTO_SIMULATION: "Simulated high tibial osteotomy",
}


def sections(document: dict[str, Any]) -> list[Section]:
    """All sections of a report, in order."""
    told = [_study(document), _flow(document), overview_section(document)]
    asked = [question for question in document["questions"] if question["kind"] != QuestionKind.SOURCE_GUESS]
    told += [question_section(one, document) for one in asked if one["key"] not in OF_BLINDING]
    told.append(blinding_section(document))
    told += [question_section(one, document) for one in asked if one["key"] in OF_BLINDING]
    if document["analysis"]["simulated"]:
        told.append(simulated_section(document))
    return [*told, _methods(document), _records(document)]


def _study(document: dict[str, Any]) -> Section:
    study = document["study"]
    rows = [
        ["Kind", _KINDS[study["kind"]]],
        ["Site", study["site"]],
        ["Coordinator", study["coordinator"]],
        ["Started", moment(study["started_at"])],
        ["Locked", moment(study["locked_at"])],
        ["Unblinded", moment(study["unblinded_at"])],
        [
            "Both versions of a case apart by",
            f"{study['distance']} {'item' if study['distance'] == 1 else 'items'} or more",
        ],
        ["Raters could go back", "yes" if study["may_go_back"] else "no"],
    ]
    return Section("Study", tables=[Table(["", ""], rows)])


def _flow(document: dict[str, Any]) -> Section:
    flow = document["flow"]
    items, cases = flow["items"], flow["cases"]
    kept = [
        ["Cases rated, each in two versions", str(cases["rated"])],
        ["Cases for training", str(cases["training"])],
        ["Items assigned", str(items["assigned"])],
        ["- withdrawn", str(items["withdrawn"])],
        ["- unblinded early", str(items["unblinded_early"])],
        ["- incomplete", str(items["incomplete"])],
        ["= complete", str(items["complete"])],
    ]
    times = flow["times"]
    if times["presses"]:
        kept.append(["Presses of the stop-watch", str(times["presses"])])
        kept.append(["- of these told later, made without a connection", str(times["late"])])
        kept.append(["- of these corrections", str(times["corrections"])])
        kept.append(["Times left out: the device's clock was set meanwhile", str(times["doubtful"])])
    raters = [
        [
            rater["code"],
            str(rater["items"]),
            str(rater["completed"]),
            f"withdrawn: {rater['reason']}" if rater["withdrawn"] else "",
        ]
        for rater in flow["raters"]
    ]
    section = Section("Flow of raters and items", tables=[Table(["", ""], kept)])
    section.tables.append(Table(["Rater", "items", "complete", ""], raters))
    if cases["withdrawn"]:
        gone = [[f"Case {case['number']}", case["reason"]] for case in cases["withdrawn"]]
        section.tables.append(Table(["Withdrawn", "reason"], gone))
    return section


def _methods(document: dict[str, Any]) -> Section:
    return Section(
        "Methods",
        [
            "Allocation: every rater met both versions of every case, in an order of their own, drawn by "
            f"algorithm {document['allocation']['algorithm']} of this software from a secret seed with "
            "HMAC-SHA256; one version came first in half of the cases, the opposite ones for the next rater. "
            "Items went under codes that no two raters shared.",
            "Differences are CT-based minus X-ray-based. Items for training, withdrawn and those unblinded "
            "early are left out; of a revised answer the last counts.",
            "Operation time: from press to press by the server's clock, without pauses. A press without a "
            "connection is dated back from its arrival by how long ago it was by the device's clock, whose "
            "readings are kept as evidence; a time during which that clock was set is left out.",
            "Paired test: Wilcoxon's signed ranks on means over raters of each case, two-sided, exact over "
            "all ways to flip signs, mid-ranks for ties, zeros left out; Hodges-Lehmann estimate with the "
            "interval that so many pairs allow. Beside p stands the smallest that was possible.",
            "Equivalence: two one-sided t tests at 5 % on the same differences, against the margin that was "
            "registered before the first rating; percentile interval over 2,000 resamples of whole cases.",
            "Mixed model: score = arm + rater + case + rater x arm + case x arm + error, all but the arm "
            "random, by REML (statsmodels MixedLM), normal approximation.",
            "Agreement: Shrout & Fleiss 1979 (ICC), Cohen 1968 and Light 1971 (weighted kappa), Fleiss 1971, "
            "Krippendorff 2011, over all items whichever version. Blinding: Bang et al. 2004, James et al. "
            "1996. No p is adjusted for several questions.",
        ],
    )


def _records(document: dict[str, Any]) -> Section:
    kept = (
        "The allocation was computed again for this report and is the one that was committed to."
        if document["allocation"]["kept"]
        else "The allocation is NOT the one that was committed to."
    )
    section = Section(
        "Records",
        [f"{kept} allocation.zip opens it: its files have the SHA-256 that were published beforehand."],
    )
    section.tables.append(
        Table(
            ["Signed by", "meaning", "time", "SHA-256 of all answers"],
            [
                [one["name"], one["meaning"], moment(one["at"]), one["sha256"]]
                for one in document["signatures"]
            ],
        )
    )
    section.tables.append(
        Table(
            ["Commitment", "items", "published", "SHA-256 of the sealed allocation"],
            [
                [str(one["number"]), str(one["items"]), moment(one["at"]), one["sha256"]]
                for one in document["commitments"]
            ],
        )
    )
    asked = [
        [
            f"{one['item']} of {one['rater']}" if one["item"] else "the study",
            one["reason"],
            f"{one['requested_by']}, {moment(one['requested_at'])}",
            f"{one['approved_by'] or NONE}, {moment(one['approved_at'])}",
        ]
        for one in document["unblindings"]
    ]
    section.tables.append(Table(["Unblinded", "reason", "asked", "agreed"], asked))
    noted = [
        [one["text"], one["rater"] or NONE, one["item"] or NONE, f"{one['person']}, {moment(one['at'])}"]
        for one in document["deviations"]
    ]
    if noted:
        section.tables.append(Table(["Deviation", "rater", "item", "noted"], noted))
    else:
        section.words.append("No deviation was noted.")
    return section
