"""What every change of a study begins and ends with: the locked row, and the audit trail."""

from __future__ import annotations

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.audit.services import record
from backend.core.errors import Conflict
from backend.studies.models import Study, StudyState


def locked_row(person: Person, study: Study) -> Study:
    """The study as it is now, its row locked, for a coordinator.

    Raises:
        WrongRole: the person is no coordinator of the site.
    """
    require_role(person, study.site, Role.COORDINATOR)
    return Study.objects.select_for_update(of=("self",)).select_related("site").get(pk=study.pk)


def draft(person: Person, study: Study) -> Study:
    """The same, of a draft.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Conflict: ``not_a_draft``.
    """
    study = locked_row(person, study)
    if study.state != StudyState.DRAFT:
        raise Conflict(
            "not_a_draft",
            f"The study is {study.get_state_display().lower()}.",
            remedy="Only a draft can be changed like this.",
        )
    return study


def in_state(study: Study, *states: StudyState) -> None:
    """Refuse a study that is elsewhere.

    Raises:
        Conflict: ``wrong_state``.
    """
    if study.state not in states:
        wanted = " or ".join(state.label.lower() for state in states)
        raise Conflict(
            "wrong_state",
            f"The study is {study.get_state_display().lower()}, not {wanted}.",
            remedy="Reload the page to see where it stands.",
        )


def log(study: Study, person: Person, action: str, text: str, data: dict[str, object] | None = None) -> None:
    """Write to the audit trail, inside the transaction of what it speaks of."""
    record(
        person=person,
        action=action,
        text=text,
        site=study.site,
        data={"study": str(study.pk), **(data or {})},
    )
