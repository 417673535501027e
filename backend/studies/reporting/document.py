"""The whole report as plain data: what JSON, HTML and PDF say alike."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.db.models import Count, Q

from backend.accounts.models import Person
from backend.studies import report
from backend.studies.clocks import doubtful
from backend.studies.models import Item, Study, TimeEvent, TimeEventKind

SCHEMA = "study-report/1"


def document(*, person: Person, study: Study) -> dict[str, Any]:
    """Everything that a report holds.

    Raises:
        WrongRole: neither coordinator nor administrator of the site.
        Conflict: ``wrong_state``: it is not unblinded.
    """
    figures = report.analysis(person=person, study=study)
    allocation = report.allocation(person=person, study=study)
    return {
        "schema": SCHEMA,
        "study": {
            "id": str(study.pk),
            "title": study.title,
            "kind": study.kind,
            "site": study.site.name,
            "coordinator": study.coordinator.name,
            "distance": study.distance,
            "may_go_back": study.may_go_back,
            **{
                name: getattr(study, name).isoformat()
                for name in ("created_at", "started_at", "locked_at", "unblinded_at")
            },
        },
        "flow": _flow(study),
        "questions": [
            {
                "key": question.key,
                "kind": question.kind,
                "title": question.title,
                "text": question.text,
                "margin": question.margin,
                "points": list(question.points.values("value", "label", "description")),
            }
            for question in study.questions.prefetch_related("points")
        ],
        "analysis": figures,
        "deviations": [
            {
                "text": one.text,
                "rater": one.rater.code if one.rater else None,
                "item": one.item_code,
                "person": one.person.name,
                "at": one.at.isoformat(),
            }
            for one in study.deviations.select_related("rater", "person")
        ],
        "allocation": {"algorithm": allocation.algorithm, "kept": allocation.kept},
        "commitments": [
            {"number": one.number, "sha256": one.sha256, "items": one.items, "at": one.at.isoformat()}
            for one in study.commitments.all()
        ],
        "signatures": [
            {"name": one.name, "meaning": one.meaning, "sha256": one.sha256, "at": one.at.isoformat()}
            for one in study.signatures.all()
        ],
        "unblindings": [
            {
                "item": one.item.code if one.item else None,
                "rater": one.item.rater.code if one.item else None,
                "reason": one.reason,
                "requested_by": one.requested_by.name,
                "requested_at": one.requested_at.isoformat(),
                "approved_by": one.approved_by.name if one.approved_by else None,
                "approved_at": one.approved_at.isoformat() if one.approved_at else None,
            }
            for one in study.unblindings.select_related("item__rater", "requested_by", "approved_by")
        ],
    }


def _flow(study: Study) -> dict[str, Any]:
    """From what was assigned to what was analysed: raters, cases, items."""
    items = Item.objects.filter(rater__study=study)
    main = items.filter(training=False)
    kept = main.filter(withdrawn_at__isnull=True, unblinded_at__isnull=True)
    raters = study.raters.annotate(
        all=Count("items", filter=Q(items__training=False)),
        done=Count("items", filter=Q(items__training=False, items__completed_at__isnull=False)),
    )
    cases = list(study.cases.all())
    times = TimeEvent.objects.filter(item__in=items).order_by("item", "sequence")
    runs = [list(presses) for _, presses in groupby(times, lambda press: press.item_id)]
    return {
        "raters": [
            {
                "code": rater.code,
                "items": rater.all,  # type: ignore[attr-defined]
                "completed": rater.done,  # type: ignore[attr-defined]
                "withdrawn": rater.withdrawn_at is not None,
                "reason": rater.withdrawal_reason,
            }
            for rater in raters
        ],
        "cases": {
            "rated": sum(not case.training for case in cases),
            "training": sum(case.training for case in cases),
            "withdrawn": [
                {"number": case.number, "reason": case.withdrawal_reason}
                for case in cases
                if case.withdrawn_at is not None
            ],
        },
        "items": {
            "assigned": main.count(),
            "training": items.filter(training=True).count(),
            "withdrawn": main.filter(withdrawn_at__isnull=False).count(),
            "unblinded_early": main.filter(withdrawn_at__isnull=True, unblinded_at__isnull=False).count(),
            "incomplete": kept.filter(completed_at__isnull=True).count(),
            "complete": kept.filter(completed_at__isnull=False).count(),
        },
        "times": {
            "presses": len(times),
            "late": sum(press.late_s != 0 for press in times),
            "corrections": sum(press.kind == TimeEventKind.CORRECTED for press in times),
            "doubtful": sum(map(doubtful, runs)),
        },
    }
