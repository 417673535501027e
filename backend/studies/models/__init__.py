"""A study and what people record in it. None of it says which version of a case an item shows."""

from backend.studies.models.records import (
    Commitment,
    Deviation,
    Item,
    Rating,
    Reminder,
    Signature,
    TimeEvent,
    TimeEventKind,
    Unblinding,
)
from backend.studies.models.study import (
    Arm,
    Question,
    QuestionKind,
    Rater,
    ScalePoint,
    Study,
    StudyArm,
    StudyCase,
    StudyKind,
    StudyState,
)

__all__ = [
    "Arm",
    "Commitment",
    "Deviation",
    "Item",
    "Question",
    "QuestionKind",
    "Rater",
    "Rating",
    "Reminder",
    "ScalePoint",
    "Signature",
    "Study",
    "StudyArm",
    "StudyCase",
    "StudyKind",
    "StudyState",
    "TimeEvent",
    "TimeEventKind",
    "Unblinding",
]
