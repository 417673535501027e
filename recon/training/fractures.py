"""Training of the network that looks for broken bones in an X-ray: the same knees, broken and sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy import ndimage
from torch import Tensor, nn

from recon.bones import BoneSet
from recon.errors import InputError
from recon.geometry import Camera
from recon.networks.fractures import FracturesNetwork
from recon.networks.picture import PIXELS, channels
from recon.population.crop import Crop
from recon.population.fracture import Break, draw_break
from recon.population.phantom import Tissue, attenuation, render_leg
from recon.population.sample import OffModel, draw_bones, draw_cameras, knee_centre_of, person_bones
from recon.population.scans import Scan, draw_placement, scan_attenuation
from recon.population.shape_model import ShapeModel
from recon.training.cases import Numbered, members
from recon.training.data_table import check_data_table
from recon.training.dataset import TRAINING_PEOPLE, VALIDATION_PEOPLE, read_scans
from recon.training.exposure import expose
from recon.training.losses import mask_loss
from recon.training.pictures import grey
from recon.training.segmentation import MaskBatch
from recon.training.settings import Settings
from recon.training.task import Picture

# Of a pixel on a break: there are few of them, and a break that is not noticed is the worse mistake.
BREAK_WEIGHT = 8.0
_NEAR_PIXELS = 3  # of a break: what counts as showing it
_OFF = OffModel(part_spread=0.4, plateaus=True)
_SPOILING = (0.0, 0.8)  # see ``expose``
_TRIES = 8  # at a break that the views show
_SCANS, _PLAIN, _CROPPED = 0.08, 0.1, 0.15  # shares of knees


@dataclass(frozen=True, eq=False)
class _Look:
    """Clean layers (views, layers, P, P) of a knee, their attenuation, and (views, P, P) pixels on breaks."""

    layers: npt.NDArray[np.float32]
    attenuation: npt.NDArray[np.float64]
    breaks: npt.NDArray[np.bool_]


class FracturesTask:
    """The network learns where a broken bone shows its break; see ``Task``.

    Args:
        network: of kind "fractures".
        table: the ``[data]`` table: samples, first_seed, validation_samples; perhaps scans, a folder of real
            CTs, which join as sound knees, others, names of people beside those of LLP26, and encoder,
            weights of a default network whose pyramid it begins with.
        settings: how it is trained.
        seed: of the exposures.

    Raises:
        InputError: bad_config, where the table lacks a number; no_weights, wrong_weights of the encoder.
    """

    def __init__(
        self, network: FracturesNetwork, table: Mapping[str, Any], settings: Settings, seed: int
    ) -> None:
        check_data_table(
            table,
            {"samples": int, "first_seed": int, "validation_samples": int},
            {"scans": str, "others": list, "encoder": str},
        )
        if "encoder" in table:
            _begin(network, Path(table["encoder"]))
        self.network: nn.Module = network
        self.model: nn.Module = network
        self.cases, self._held_out = int(table["samples"]), int(table["validation_samples"])
        self._shapes = ShapeModel.from_people(TRAINING_PEOPLE, table.get("others", ()))
        self._scans = read_scans(Path(table["scans"]) if "scans" in table else None)
        self._settings, self._first_seed, self._seed = settings, int(table["first_seed"]), seed
        self._validation: list[MaskBatch] | None = None

    def kept(self, model: nn.Module) -> nn.Module:
        """The model is the network."""
        return model

    def stream(self, start: int, rank: int, processes: int) -> Numbered:
        """Endless batches of new knees, each broken and sound in two views; of a CT, sound in four."""
        batch = self._settings.batch

        def make(number: int) -> MaskBatch:
            return _stacked([self._knee(n) for n in members(number, batch, rank, processes)])

        return Numbered(make, start)

    def _knee(self, number: int) -> MaskBatch:
        rng = np.random.default_rng((self._seed, self._first_seed + number))
        if self._scans and rng.random() < _SCANS:
            sound = _scan_look(self._scans, rng)
            return _stacked([_exposed(look, rng) for look in (sound, sound)])
        bones = draw_bones(self._shapes, rng, _OFF)
        return _broken_and_sound(bones, rng)

    def _logits(self, model: nn.Module, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self._settings.bfloat16):
            logits = model(images)
        return torch.as_tensor(logits).float()

    def losses(self, model: nn.Module, batch: MaskBatch) -> dict[str, Tensor]:
        """Cross entropy over the exposed pixels, those on breaks weighted."""
        logits = self._logits(model, batch.images)
        return {"loss": mask_loss(logits, batch.masks, batch.valid, weight=BREAK_WEIGHT)}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Loss on knees of the validation people, and how well the largest logits tell broken from sound."""
        losses, broken, sound = [], [], []
        for batch in self._looks():
            logits = self._logits(model, batch.images.to(next(model.parameters()).device)).cpu()
            losses.append(float(mask_loss(logits, batch.masks, batch.valid, weight=BREAK_WEIGHT)))
            largest = (logits - 1e3 * (1 - batch.valid)).amax((1, 2, 3)).reshape(2, -1).amax(1)
            broken.append(float(largest[0]))
            sound.append(float(largest[1]))
        pairs = np.array(sound)[:, None] < np.array(broken)[None]
        return {"loss": float(np.mean(losses)), "auc": float(pairs.mean())}

    def _looks(self) -> list[MaskBatch]:
        if self._validation is None:
            self._validation = []
            for index in range(self._held_out):
                rng = np.random.default_rng((8, index))
                person = VALIDATION_PEOPLE[index % len(VALIDATION_PEOPLE)]
                self._validation.append(_broken_and_sound(person_bones(person, rng), rng))
        return self._validation

    def pictures(self, model: nn.Module) -> Mapping[str, Picture]:
        """Picture, what was found and what is to be found of the first broken validation knee."""
        batch = self._looks()[0]
        found = self._logits(model, batch.images[:2].to(next(model.parameters()).device)).sigmoid().cpu()
        shown = torch.cat([batch.images[:2, :1, ::2, ::2], found, batch.masks[:2]], -1)[:, 0].numpy()
        return {"break": grey(np.concatenate(list(shown)))}


def _begin(network: FracturesNetwork, weights: Path) -> None:
    try:
        network.begin_with(load_file(weights))
    except FileNotFoundError as error:
        raise InputError(
            "no_weights", f"There are no weights at {weights}", "Give those of a trained xray network"
        ) from error
    except (RuntimeError, SafetensorError) as error:
        raise InputError(
            "wrong_weights", f"{weights} does not hold a pyramid of this size", "Give weights that fit"
        ) from error


def _broken_and_sound(bones: BoneSet, rng: np.random.Generator) -> MaskBatch:
    """Both views of a leg with a random break, and of the same leg without it."""
    tissue = Tissue.draw_plain(rng) if rng.random() < _PLAIN else Tissue.draw(rng)
    cameras = draw_cameras(rng)
    crop = Crop.draw(knee_centre_of(bones), rng) if rng.random() < _CROPPED else Crop.nothing()
    for _ in range(_TRIES):
        wrong = draw_break(bones, rng)
        shown = np.stack([_traced(wrong, bones, camera, crop) for camera in cameras])
        if shown.any():
            break
    state = rng.bit_generator.state
    looks = []
    for broken, traces in ((wrong, shown), (None, np.zeros_like(shown))):
        rng.bit_generator.state = state  # the same leg
        layers = render_leg(bones, cameras, tissue, rng, crop, broken).layers
        looks.append(_Look(layers, attenuation(tissue), traces))
    # Taken by the same machine, they differ in nothing but the break: that is what there is to learn.
    state = rng.bit_generator.state
    exposed = []
    for look in looks:
        rng.bit_generator.state = state
        exposed.append(_exposed(look, rng))
    return _stacked(exposed)


def _traced(broken: Break, bones: BoneSet, camera: Camera, crop: Crop) -> npt.NDArray[np.bool_]:
    """(P, P) pixels near the traces of a break that are not cropped."""
    points = broken.traces(bones)
    column, row = np.rint(camera.project(points[crop.contains(points)])[0]).astype(int).T
    inside = (column >= 0) & (column < PIXELS) & (row >= 0) & (row < PIXELS)
    shown = np.zeros((PIXELS, PIXELS), bool)
    shown[row[inside], column[inside]] = True
    if not shown.any():
        return shown
    return np.asarray(ndimage.distance_transform_edt(~shown) <= _NEAR_PIXELS)


def _scan_look(scans: Sequence[Scan], rng: np.random.Generator) -> _Look:
    scan = scans[int(rng.integers(len(scans)))]
    placement, cameras = draw_placement(rng), draw_cameras(rng)
    layers = scan.render_layers(cameras, placement)
    return _Look(layers, scan_attenuation(), np.zeros((len(cameras), PIXELS, PIXELS), bool))


def _exposed(look: _Look, rng: np.random.Generator) -> MaskBatch:
    """The views of a knee through random X-ray machines, as examples."""
    examples, spoiling = [], rng.uniform(*_SPOILING)
    for layers, breaks in zip(look.layers, look.breaks, strict=True):
        picture, valid = expose(
            layers.astype(np.float16), look.attenuation.astype(np.float32), rng, spoiling=spoiling
        )
        # The network answers at half the resolution.
        shown, exposed = _blocks(breaks & valid).any(axis=(1, 3)), _blocks(valid).all(axis=(1, 3))
        masks = (torch.from_numpy(mask.astype(np.float32))[None, None] for mask in (shown, exposed))
        examples.append(MaskBatch(torch.from_numpy(channels(picture))[None], *masks))
    return _stacked(examples)


def _blocks(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(P/2, 2, P/2, 2) blocks of a (P, P) mask."""
    return mask.reshape(PIXELS // 2, 2, PIXELS // 2, 2)


def _stacked(batches: Sequence[MaskBatch]) -> MaskBatch:
    return MaskBatch(
        *(torch.cat([getattr(batch, name) for batch in batches]) for name in MaskBatch.__annotations__)
    )
