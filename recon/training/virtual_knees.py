"""Training of the default network on an endless stream of virtual knees, each exposed anew every time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recon.errors import InputError
from recon.population.phantom import Tissue
from recon.population.sample import OffModel, Rare, draw_cameras, make_sample, person_bones
from recon.population.shape_model import ShapeModel
from recon.training.batches import Batch, Steps, collate, example
from recon.training.data_table import check_data_table, part_of
from recon.training.dataset import TRAINING_PEOPLE, VALIDATION_PEOPLE, SampleStore, read_scans
from recon.training.losses import occupancy_loss, shadow_loss
from recon.training.pictures import grey
from recon.training.settings import Settings
from recon.training.task import Picture

SHADOW_WEIGHT = 0.2  # of the relative error of the shadows, beside the cross entropy


class VirtualKneesTask:
    """A network for any two views learns from knees of the shape model; see ``Task``.

    Args:
        network: takes pictures, or pictures with their local contrast; perhaps draws the shadows of bones.
        table: the ``[data]`` table: samples, first_seed, validation_samples, points; perhaps readings, how
            often each knee is shown, scans, a folder of real CTs that join the virtual knees, others, names
            of people beside those of LLP26 (see ``recon.population.others``), part_spread, detail and
            plateaus, see ``OffModel``, plain and implants, see ``Rare``.
        settings: how it is trained.
        folder: where the knees are kept.
        seed: of the order and the exposures.

    Raises:
        InputError: bad_config, where the table lacks a number.
    """

    def __init__(
        self, network: nn.Module, table: Mapping[str, Any], settings: Settings, folder: Path, seed: int
    ) -> None:
        check_data_table(
            table,
            {"samples": int, "first_seed": int, "validation_samples": int, "points": int},
            {
                "readings": int,
                "scans": str,
                "others": list,
                "part_spread": float,
                "detail": float,
                "plateaus": bool,
                "plain": float,
                "implants": float,
            },
        )
        for item in fields(Rare):
            if not 0 <= table.get(item.name, 0) <= 1:
                raise InputError("bad_config", f"{item.name} is {table[item.name]}", "Give a share, 0 to 1")
        self._readings = int(table.get("readings", 1))
        self._off, self._rare = part_of(OffModel, table), part_of(Rare, table)
        self._shapes = ShapeModel.from_people(TRAINING_PEOPLE, table.get("others", ()))
        self._scans = read_scans(Path(table["scans"]) if "scans" in table else None)
        self.network = self.model = network
        self.cases, self._points = int(table["samples"]), int(table["points"])
        self._settings, self._folder, self._seed = settings, folder, seed
        self._first_seed, self._held_out = int(table["first_seed"]), int(table["validation_samples"])
        self._validation: list[Batch] | None = None

    def kept(self, model: nn.Module) -> nn.Module:
        """The model is the network."""
        return model

    def stream(self, start: int, rank: int, processes: int) -> Steps:
        """Endless batches; each process has an order and exposures of its own."""
        del processes
        store = SampleStore(
            self._folder, self._shapes, self._first_seed, self.cases, self._scans, self._off, self._rare
        )
        return Steps(
            store,
            batch=self._settings.batch,
            points=self._points,
            seed=self._seed + 1_000_003 * rank,
            start=start,
            readings=self._readings,
        )

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Cross entropy over the points that every view sees, and the error of the shadows that it draws."""
        parts = self._parts(model, batch, bfloat16=self._settings.bfloat16)
        return {"loss": parts["occupancy"] + SHADOW_WEIGHT * parts.get("shadows", 0.0), **parts}

    @staticmethod
    def _parts(model: Any, batch: Batch, *, bfloat16: bool) -> dict[str, Tensor]:
        parts = {}
        with torch.autocast(batch.images.device.type, torch.bfloat16, enabled=bfloat16):
            encoding = model.encode(batch.images[:, :, : model.inputs], batch.projections)
            if hasattr(model, "shadows"):
                parts["shadows"] = shadow_loss(model.shadows(encoding).float(), batch.lengths)
        logits = model.decode_points(encoding.float(), batch.points)
        return {"occupancy": occupancy_loss(logits, batch.labels), **parts}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Losses on knees of the validation people, exposed once, in single precision."""
        parts = [self._parts(model, batch, bfloat16=False) for batch in self._looks(model)]
        means = {name: float(torch.stack([part[name] for part in parts]).mean()) for name in parts[0]}
        return {"loss": means.pop("occupancy"), **means}

    def _looks(self, model: nn.Module) -> list[Batch]:
        if self._validation is None:
            self._validation = validation_batches(self._held_out, self._points)
        device = next(model.parameters()).device
        return [
            Batch(*(t.to(device) for t in (b.images, b.projections, b.points, b.labels, b.lengths)))
            for b in self._validation
        ]

    def pictures(self, model: nn.Module) -> Mapping[str, Picture]:
        """The views of the first validation knee."""
        views = self._looks(model)[0].images[0, :, 0].cpu().numpy()
        return {"input": grey(np.concatenate(views, axis=1))}


def validation_batches(count: int, points: int) -> list[Batch]:
    """Knees of the validation people, exposed once: the same at every call."""
    batches = []
    for index in range(count):
        rng = np.random.default_rng((7, index))
        bones = person_bones(VALIDATION_PEOPLE[index % len(VALIDATION_PEOPLE)], rng)
        sample = make_sample(bones, draw_cameras(rng), Tissue.draw(rng), rng, points=2 * points)
        batches.append(collate([example(sample, points, rng, exact=True)]))
    return batches
