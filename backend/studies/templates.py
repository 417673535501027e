"""The paper's two questionnaires, in its words (Methods, "Evaluation of Reconstruction Quality").

Pure data; a study copies a template, and its coordinator may change the copy. Where the paper names no label
for a point, its number stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.studies.models.study import QuestionKind, StudyKind


@dataclass(frozen=True)
class Point:
    """One point of a scale."""

    value: int
    label: str
    description: str


@dataclass(frozen=True)
class QuestionTemplate:
    """One question with its scale."""

    key: str
    title: str
    text: str
    points: tuple[Point, ...] = ()
    kind: QuestionKind = QuestionKind.SCALE


_LABELS = ("poor", "fair", "good", "perfect")


def _points(descriptions: tuple[str, ...], labels: tuple[str, ...] = ()) -> tuple[Point, ...]:
    return tuple(
        Point(value, labels[value - 1] if labels else str(value), text)
        for value, text in enumerate(descriptions, start=1)
    )


def _not_correct(what: str) -> tuple[Point, ...]:
    shares = ("more than 30%", "10% - 30%", "5% - 10%", "less than 5%")
    return _points(tuple(f"{share} of {what} are not correctly reconstructed" for share in shares), _LABELS)


MODEL_RATING = (
    QuestionTemplate(
        "shape",
        "Shape",
        "The correctness of the reconstructed global shape. A higher score indicates that the shape of the "
        "model better matches the given images.",
        _not_correct("shape"),
    ),
    QuestionTemplate(
        "details",
        "Details",
        "The correctness of the reconstructed local details. A higher score indicates that the details of "
        "the model better match the given images.",
        _not_correct("details"),
    ),
    QuestionTemplate(
        "clinical_significance",
        "Clinical significance",
        "The significance of the reconstructed model in clinical scenarios. A higher score indicates that "
        "the reconstructed model has broader clinical applications.",
        _points(
            (
                "cannot be used for any clinical practice",
                "can be used for only diagnosis",
                "can be used for the planning of osteotomies in certain bones, like high tibial osteotomy "
                "(HTO)",
                "can be used for the planning of most osteotomies, like total knee replacement, etc.",
            ),
            _LABELS,
        ),
    ),
)

_GUIDANCE = (
    ("does not provide any", "less than 10%"),
    ("provided a minimal", "10% - 30%"),
    ("provided a satisfactory", "30% - 50%"),
    ("provided an acceptable", "50% - 70%"),
    ("provided an accurate", "70% - 90%"),
    ("provided a precise", "more than 90%"),
)

HTO_SIMULATION = (
    QuestionTemplate(
        "fitting",
        "Fitting",
        "How well the device conforms to the anatomical structures of the patient: the percentage of surface "
        "contact between the surgical guide and the bone model.",
        _points(
            (
                "less than 10% contact",
                "10% - 30% contact",
                "30% - 50% contact",
                "50% - 70% contact",
                "70% - 90% contact",
                "90% - 100% contact",
            )
        ),
    ),
    QuestionTemplate(
        "stability",
        "Stability",
        "How well the surgical guide stays in place during the cutting or drilling process: apply force or "
        "pressure to the guide and measure the loss of contact between the guide and the bone.",
        _points(
            (
                "more than 90% loss of contact",
                "60% - 90% loss of contact",
                "30% - 60% loss of contact",
                "10% to 30% loss of contact",
                "1% - 10% loss of contact",
                "less than 1% loss of contact",
            )
        ),
    ),
    QuestionTemplate(
        "accuracy",
        "Accuracy",
        "How well the surgical guide helps the surgeon achieve precise cuts in terms of position and angle: "
        "the percentage of good vertical and rotational fitting achieved, and the quality of guidance.",
        _points(
            tuple(
                f"{quality} guide for the surgeon to make precise cuts and has {share} good vertical and "
                "rotational fitting"
                for quality, share in _GUIDANCE
            )
        ),
    ),
    QuestionTemplate(
        "operation_time",
        "Operation time",
        "From the placement of the surgical guide on the bone model to the completion of the cut.",
        kind=QuestionKind.DURATION,
    ),
)

# Asked last, so that it cannot colour the scores: whether the blinding held.
BLINDING = (
    QuestionTemplate(
        "source_guess",
        "Which source do you think this was?",
        "Your best guess, or that you do not know.",
        (
            Point(0, "don't know", "I do not know"),
            Point(1, "CT", "made from a CT"),
            Point(2, "X-rays", "made from two X-rays"),
        ),
        QuestionKind.SOURCE_GUESS,
    ),
    QuestionTemplate(
        "source_sureness",
        "How sure are you?",
        "Of the guess before.",
        _points(("not at all sure", "a little sure", "fairly sure", "quite sure")),
    ),
)

TEMPLATES: dict[str, tuple[QuestionTemplate, ...]] = {
    StudyKind.MODEL_RATING: MODEL_RATING,
    StudyKind.HTO_SIMULATION: HTO_SIMULATION,
}
