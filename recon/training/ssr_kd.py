"""The ``[ssr_kd]`` table: what the X-ray network learns from cases without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from recon.errors import InputError


@dataclass(frozen=True)
class SsrKd:
    """Weights of Eq. 6 and 7, and where the frozen networks come from; the defaults are the paper's.

    Attributes:
        pseudo: w_u of pseudo labels; the labelled loss has 1 - w_u.
        distillation: w_k of the distance of features. With both weights 0, batches hold labelled cases only.
        teacher: weights of N_CT, needed where a weight is above 0.
        segmentation: weights of the segmentation network, needed where the network takes enhanced X-rays.
        points: that the teacher is asked for in each unlabelled case.
        cache: folder for what the frozen networks say, shared by runs; inside the run's where it is empty.
    """

    pseudo: float = 0.5
    distillation: float = 0.1
    teacher: str = ""
    segmentation: str = ""
    points: int = 20_000
    cache: str = ""

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> SsrKd:
        """The settings in a table.

        Raises:
            InputError: bad_config for an unknown key or a value out of range.
        """
        known = {field.name: type(field.default) for field in fields(cls)}
        for key, value in table.items():
            number = known.get(key) is float and type(value) is int
            if not (number or type(value) is known.get(key)):
                raise InputError(
                    "bad_config",
                    f"The ssr_kd table cannot use {key} = {value!r}",
                    f"Use {', '.join(known)}",
                )
        settings = cls(**table)
        if not 0 <= settings.pseudo <= 1 or settings.distillation < 0 or settings.points < 1:
            raise InputError(
                "bad_config",
                "A number of the ssr_kd table is out of range",
                "pseudo lies in [0, 1], others above",
            )
        return settings

    @property
    def semi_supervised(self) -> bool:
        """Whether cases without labels are used at all."""
        return self.pseudo > 0 or self.distillation > 0
