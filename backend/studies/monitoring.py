"""What a coordinator notes and says while a study runs: deviations, reminders."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import Person
from backend.core.errors import Conflict
from backend.studies.guard import in_state, locked_row, log
from backend.studies.models import Deviation, Rater, Reminder, Study, StudyState

REMINDER = "Items of this study wait for your ratings."


def note_deviation(
    *, person: Person, study: Study, text: str, rater: Rater | None = None, item_code: str = ""
) -> Deviation:
    """Write down what did not go as planned; it is never changed, and stands in the report.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``: nothing runs before the start, and all is told after the unblinding.
    """
    with transaction.atomic():
        study = locked_row(person, study)
        in_state(study, StudyState.RUNNING, StudyState.LOCKED)
        deviation = Deviation.objects.create(
            study=study, rater=rater, item_code=item_code, text=text, person=person, at=timezone.now()
        )
        log(
            study,
            person,
            "study.deviation",
            f"Deviation: {text}",
            {"rater": str(rater.pk) if rater else None, "item": item_code},
        )
    return deviation


def remind(*, person: Person, rater: Rater, text: str = "") -> Reminder:
    """Leave a word for a rater, which they read when they next come.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``wrong_state``, or ``nothing_to_rate``: the rater is done or has left.
    """
    with transaction.atomic():
        study = locked_row(person, rater.study)
        in_state(study, StudyState.RUNNING)
        open_items = rater.items.filter(completed_at__isnull=True, withdrawn_at__isnull=True)
        if rater.withdrawn_at is not None or not open_items.exists():
            raise Conflict("nothing_to_rate", f"Nothing waits for {rater.code}.", remedy="Remind others.")
        reminder = Reminder.objects.create(
            rater=rater, text=text.strip() or REMINDER, person=person, at=timezone.now()
        )
        log(study, person, "study.reminded", f"Rater {rater.code} reminded", {"rater": str(rater.pk)})
    return reminder
