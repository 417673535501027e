"""What an experiment is: conditions, each one method on one group of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

BIPLANAR = ("000", "090")
"""The paper's two views: anterior-posterior and lateral, 90 degrees apart."""


class Kind(StrEnum):
    """How a method turns X-rays into bones; ``CT`` is the teacher, which sees the CT instead."""

    NETWORK = "network"
    CT = "ct"
    SSM = "ssm"
    SSIM = "ssim"


class People(StrEnum):
    """Whose knees a condition is measured on."""

    TEST = "test"
    EXTERNAL = "external"
    IMPLANTS = "implants"


@dataclass(frozen=True)
class Method:
    """One way from X-rays to bones.

    Attributes:
        kind: a trained network, the CT network, or a fit.
        views: names of the X-rays that it sees.
        changes: entries of the preset's configuration that it overrides, by dotted path, for example
            ``{"ssr_kd.distillation": 0.0}``. A whole table replaces a table.
        teacher_on_same_labels: whether the CT teacher is trained here, on the labelled cases of this method,
            where the preset has a trained one that saw all of them.
    """

    kind: Kind = Kind.NETWORK
    views: tuple[str, ...] = BIPLANAR
    changes: Mapping[str, Any] = field(default_factory=dict)
    teacher_on_same_labels: bool = False


@dataclass(frozen=True)
class Condition:
    """A method measured on a group of people: one mark in the figure, one row of the table.

    Attributes:
        label: as the table calls it.
        method: what is measured.
        series: conditions of one series are joined by a line.
        x: place on the figure's axis; None where conditions are categories.
        people: on whom.
        implants: only cases with exactly these implants; None takes every case.
    """

    label: str
    method: Method
    series: str = ""
    x: float | None = None
    people: People = People.TEST
    implants: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Experiment:
    """A question and the conditions that answer it.

    Attributes:
        name: as the command line calls it.
        title: of the page.
        question: what is asked, one or two sentences.
        axis: label of the figure's axis.
        conditions: in the order of the table.
        limits: what the experiment does not show, one sentence each.
        reference: label of the condition that the others are compared with.
        pictures: labels of the conditions whose bones are shown from three sides.
        by_bone: whether the page shows every figure bone by bone.
    """

    name: str
    title: str
    question: str
    axis: str
    conditions: tuple[Condition, ...]
    limits: tuple[str, ...] = ()
    reference: str = ""
    pictures: tuple[str, ...] = ()
    by_bone: bool = False
