"""The paper's two designs, small, over HTTP: what was planted is found and told by every file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest

from backend.studies.models import Item, Rating, StudyArm, StudyKind
from tests.backend.studies import virtual
from tests.backend.studies.factories import Team, pretend_blinded, team
from tests.backend.studies.virtual import Opinions

pytestmark = pytest.mark.django_db


def opinions(kind: StudyKind, raters: int, cases: int, effect: float, top: int) -> Opinions:
    """The X-ray-based versions ``effect`` lower, cases and raters of their own kinds."""
    generator = np.random.default_rng(3)
    scales = {}
    for key in virtual.SCALES[kind]:
        latent = 0.7 * top + generator.normal(0, 0.3, (1, cases)) + generator.normal(0, 0.3, (raters, 1))
        noise = generator.normal(0, 0.4, (2, raters, cases))
        ct, xray = (np.clip(np.round(latent + noise[arm] - arm * effect), 1, top) for arm in (0, 1))
        scales[key] = (ct, xray)
    minutes = None
    if kind == StudyKind.HTO_SIMULATION:
        minutes = tuple(12 - 3 * arm + generator.normal(0, 0.5, (raters, cases)) for arm in (0, 1))
    return Opinions(scales, minutes, knows=0.5)


def conducted(
    people: Team, kind: StudyKind, cases: int, effect: float, top: int
) -> tuple[Any, dict[str, Any]]:
    study = virtual.open_study(people, kind, cases=cases, distance=2, margin=0.4, blind=pretend_blinded)
    said = opinions(kind, len(people.raters), cases, effect, top)
    given = virtual.rate(people, study, said, np.random.default_rng(4))
    assert Rating.objects.count() == given == len(people.raters) * cases * 2 * 5
    return study, virtual.close(people, study)


def test_a_planted_difference_of_bones_is_found() -> None:
    people = team(raters=2)
    study, told = conducted(people, StudyKind.MODEL_RATING, cases=6, effect=1.5, top=4)
    for key in virtual.SCALES[StudyKind.MODEL_RATING]:
        found = told["analysis"]["questions"][key]
        assert found["wilcoxon"]["p"] == found["wilcoxon"]["smallest_p"] == 2.0**-5
        assert found["wilcoxon"]["estimate"] == pytest.approx(1.5, abs=0.5)
        assert not found["equivalence"]["equivalent"] and found["mixed_model"]["p"] < 0.01
    assert told["flow"]["items"]["complete"] == 2 * 12 and told["flow"]["items"]["incomplete"] == 0
    assert [one["meaning"] for one in told["signatures"]] == [
        "The ratings are complete and final",
        "I reviewed the conduct of the study",
    ]
    _files_agree(people, study, told)
    _allocation_opens(people, study, told)


def _files_agree(people: Team, study: Any, told: dict[str, Any]) -> None:
    client = virtual.log_in(people.coordinator)
    files = {
        name: client.get(f"/api/studies/{study.pk}/report/{name}")
        for name in ("ratings.csv", "codebook.csv", "report.html", "report.pdf")
    }
    assert all(
        answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
        for answer in files.values()
    )
    lines = list(csv.DictReader(io.StringIO(files["ratings.csv"].content.decode())))
    assert len(lines) == Rating.objects.count()
    shape = [float(line["value"]) for line in lines if line["question"] == "shape" and line["arm"] == "xray"]
    assert np.mean(shape) == pytest.approx(told["analysis"]["questions"]["shape"]["xray"]["mean"])
    guesses = [
        float(line["value"]) for line in lines if (line["question"], line["arm"]) == ("source_guess", "ct")
    ]
    # The list of items is drawn anew in each study, and with it who guesses what: any value can come out.
    right, wrong = guesses.count(1), guesses.count(2)
    bang = told["analysis"]["blinding"]["bang_ct"]["value"]
    assert len(guesses) == 12 and bang == pytest.approx((right - wrong) / len(guesses))
    book = list(csv.DictReader(io.StringIO(files["codebook.csv"].content.decode())))
    assert {line["name"] for line in book if line["what"] == "column"} == set(lines[0])
    assert {line["question"] for line in lines} == {
        line["name"] for line in book if line["what"] == "question"
    }
    page = files["report.html"].content.decode()
    assert page.count("<svg") >= 4 and f"{np.mean(shape):.2f}" in page
    assert told["commitments"][0]["sha256"] in page and told["signatures"][0]["sha256"] in page
    assert files["report.pdf"].content[:5] == b"%PDF-"
    again = client.get(f"/api/studies/{study.pk}/report/report.pdf")
    assert again.content == files["report.pdf"].content


def _allocation_opens(people: Team, study: Any, told: dict[str, Any]) -> None:
    """Anybody can check the list with a tool for SHA-256 and compare it with the data."""
    client = virtual.log_in(people.coordinator)
    packed = client.get(f"/api/studies/{study.pk}/report/allocation.zip").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert set(files) == {"commitment-1.json", "SHA256SUMS", "README.txt"}
    (published,) = (one["sha256"] for one in told["commitments"])
    assert hashlib.sha256(files["commitment-1.json"]).hexdigest() == published
    assert files["SHA256SUMS"].decode() == f"{published}  commitment-1.json\n"
    listed = json.loads(files["commitment-1.json"])
    answers = client.get(f"/api/studies/{study.pk}/report/ratings.csv").content.decode()
    seen = {(line["item"], line["arm"]) for line in csv.DictReader(io.StringIO(answers))}
    assert {(code, arm) for *_, arm, _, code in listed["lines"]} == seen and len(seen) == 24
    assert told["allocation"] == {"algorithm": listed["algorithm"], "kept": True}


def test_guides_are_printed_timed_and_compared() -> None:
    people = team(raters=2)
    study, told = conducted(people, StudyKind.HTO_SIMULATION, cases=5, effect=1.0, top=6)
    times = told["analysis"]["questions"]["operation_time"]
    # Five pairs cannot give a smaller p, however large the difference.
    assert times["wilcoxon"]["p"] == times["wilcoxon"]["smallest_p"] == 0.0625
    assert times["ct"]["mean"] - times["xray"]["mean"] == pytest.approx(180, abs=30)
    assert told["flow"]["times"] == {"presses": 40, "late": 40, "corrections": 0, "doubtful": 0}
    assert set(told["analysis"]["by_case"]["fitting"]) == {"ct", "xray"}
    page = virtual.log_in(people.coordinator).get(f"/api/studies/{study.pk}/report/report.html").content
    assert b"Operation time (minutes)" in page and b"Case 5" in page


def test_simulated_scores_stand_beside_those_of_people() -> None:
    people = team(raters=1)
    study = virtual.open_study(
        people, StudyKind.HTO_SIMULATION, cases=3, distance=2, margin=0.4, blind=pretend_blinded
    )
    for arm in StudyArm.objects.filter(study_case__study=study):
        scores = {"fitting": 3.0 + arm.study_case.number, "stability": 4.0, "accuracy": 5.0}
        StudyArm.objects.filter(pk=arm.pk).update(simulated=scores)
    scale = np.tile(np.array([4.0, 5.0, 6.0]), (1, 1))
    said = Opinions(dict.fromkeys(virtual.SCALES[study.kind], (scale, scale)), (scale, scale))
    virtual.rate(people, study, said, np.random.default_rng(5))
    found = virtual.close(people, study)["analysis"]["simulated"]
    assert found["fitting"]["rho"] == pytest.approx(1) and found["fitting"]["mean_difference"] == 0
    assert found["stability"]["rho"] is None and len(found["fitting"]["pairs"]) == 6


def test_the_print_package_names_no_arm() -> None:
    people = team(raters=2)
    study = virtual.open_study(
        people, StudyKind.HTO_SIMULATION, cases=3, distance=2, margin=0.4, blind=pretend_blinded
    )
    study.cases.update(bone_model=study.cases.first().arms.first().content)
    client = virtual.log_in(people.coordinator)
    packed = client.get(f"/api/studies/{study.pk}/print-package/")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        names = archive.namelist()
        lines = list(csv.DictReader(io.StringIO(archive.read("packing-list.csv").decode())))
        assert archive.read("packing-list.pdf")[:5] == b"%PDF-"
    assert sum(name.startswith("guide-") for name in names) == 6 and "tibia-of-case-03.stl" in names
    labels = {(line["rater"], line["label"]) for line in lines}
    assert labels == {(item.rater.code, item.code) for item in Item.objects.select_related("rater")}
    assert "ct" not in {word for line in lines for word in line.values()}
