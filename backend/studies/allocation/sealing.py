"""Making the list, publishing what commits to it, and checking that nobody touched it."""

from __future__ import annotations

import secrets
from typing import Any

from django.db.models import Max
from django.utils import timezone

from backend.accounts.models import Person
from backend.audit.models import Event
from backend.audit.services import record
from backend.studies.allocation import commitment, order
from backend.studies.allocation.models import Assignment, Seal
from backend.studies.models import Commitment, Item, Rater, Study, StudyArm, StudyCase
from backend.studies.showing import Shown

COMMITTED = "study.committed"


def seal_extension(*, study: Study, person: Person, **kwargs: Any) -> None:
    """Give every rater the items that are missing and publish the next commitment.

    The signal's receiver, inside the transaction of the change. Does nothing where nothing is missing.
    """
    seal, _ = Seal.objects.get_or_create(
        study=study, defaults={"seed": secrets.token_bytes(32), "algorithm": order.VERSION}
    )
    extension = (study.commitments.aggregate(last=Max("number"))["last"] or 0) + 1
    items: list[Item] = []
    assignments: list[Assignment] = []
    for rater in study.raters.filter(withdrawn_at__isnull=True):
        for item, assignment in _missing(seal, study, rater, extension):
            items.append(item)
            assignments.append(assignment)
    if not items:
        return
    Item.objects.bulk_create(items)
    Assignment.objects.bulk_create(assignments)
    published = Commitment.objects.create(
        study=study,
        number=extension,
        sha256=_digest(seal, study, extension),
        items=Assignment.objects.filter(item__rater__study=study).count(),
        at=timezone.now(),
    )
    record(
        person=person,
        action=COMMITTED,
        text=f"Allocation {extension} of {study.title} sealed: SHA-256 {published.sha256}",
        site=study.site,
        data={"study": str(study.pk), "number": extension, "sha256": published.sha256},
    )


def withdraw_items(*, study_case: StudyCase, **kwargs: Any) -> None:
    """Take the items of a withdrawn case from every rater; the signal's receiver."""
    shown = Assignment.objects.filter(study_case=study_case).values("item")
    Item.objects.filter(pk__in=shown, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())


def shown(item: Item) -> Shown:
    """What an item shows: its case and its content, not which version it is."""
    row = Assignment.objects.select_related("study_case").get(item=item)
    version = StudyArm.objects.values_list("content").get(study_case=row.study_case, arm=row.arm)
    return Shown(row.study_case, version[0])


def _missing(seal: Seal, study: Study, rater: Rater, extension: int) -> list[tuple[Item, Assignment]]:
    """The rater's items of the batches that the rater has none of, training first."""
    made = []
    have = set(
        Assignment.objects.filter(item__rater=rater).values_list("study_case__batch", "study_case__training")
    )
    position = rater.items.count()
    for (batch, training), cases in _batches(study).items():
        if (batch, training) in have:
            continue
        for placement in _placements(seal, study, rater, batch, training, cases):
            item = Item(
                token=placement.token,
                code=placement.code,
                rater=rater,
                position=position + placement.position,
                training=training,
                withdrawn_at=cases[placement.case].withdrawn_at,
            )
            case = cases[placement.case]
            made.append(
                (item, Assignment(item=item, study_case=case, arm=placement.arm, extension=extension))
            )
        position += 2 * len(cases)
    return made


def _batches(study: Study) -> dict[tuple[int, bool], dict[str, StudyCase]]:
    """The cases of each batch by their identity, in the order in which raters meet them."""
    batches: dict[tuple[int, bool], dict[str, StudyCase]] = {}
    for case in study.cases.order_by("batch", "-training", "number"):
        batches.setdefault((case.batch, case.training), {})[str(case.pk)] = case
    return batches


def _placements(
    seal: Seal, study: Study, rater: Rater, batch: int, training: bool, cases: dict[str, StudyCase]
) -> list[order.Placement]:
    # A few training cases cannot be kept as far apart as the rest, and count for nothing.
    distance = min(study.distance, len(cases)) if training else study.distance
    return order.place(
        bytes(seal.seed),
        rater=str(rater.pk),
        ordinal=rater.ordinal,
        batch=f"{'training' if training else 'main'} {batch}",
        cases=list(cases),
        distance=distance,
    )


def _digest(seal: Seal, study: Study, number: int) -> str:
    return commitment.digest(_content(seal, study, number))


def _content(seal: Seal, study: Study, number: int) -> bytes:
    previous = study.commitments.filter(number=number - 1).values_list("sha256", flat=True).first() or ""
    rows = Assignment.objects.filter(item__rater__study=study, extension__lte=number).values_list(
        "extension", "item__rater", "item__position", "study_case", "arm", "item", "item__code"
    )
    lines = [
        commitment.Line(extension, str(rater), position, str(case), arm, token, code)
        for extension, rater, position, case, arm, token, code in rows
    ]
    return commitment.canonical(
        study=str(study.pk),
        algorithm=seal.algorithm,
        seed=bytes(seal.seed),
        distance=study.distance,
        previous=previous,
        lines=lines,
    )


def opened(study: Study) -> tuple[int, dict[int, bytes]]:
    """The version of the algorithm, and by its number what each commitment is the SHA-256 of.

    Whoever calls it has made sure that the study is unblinded.
    """
    seal = Seal.objects.get(study=study)
    numbers = study.commitments.values_list("number", flat=True)
    return seal.algorithm, {number: _content(seal, study, number) for number in numbers}


def broken_commitments(study: Study) -> list[int]:
    """Numbers of the commitments that the list does not keep; empty is well.

    Each is computed again and compared with what was published, there and in the audit trail.
    """
    seal = Seal.objects.filter(study=study).first()
    said = {
        data["number"]: data["sha256"]
        for data in Event.objects.filter(action=COMMITTED, site_id=study.site_id).values_list(
            "data", flat=True
        )
        if data["study"] == str(study.pk)
    }
    published = {one.number: one.sha256 for one in study.commitments.all()}
    return [
        number
        for number in sorted(said.keys() | published.keys())
        if seal is None or not (said.get(number) == published.get(number) == _digest(seal, study, number))
    ]
