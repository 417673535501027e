"""From an experiment and data sets to trainings and measurements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recon.dataset import CaseEntry, Dataset
from recon.errors import InputError
from recon.experiments.definition import Condition, Experiment, Kind, Method, People
from recon.experiments.measure import Measurement
from recon.experiments.presets import Preset, changed
from recon.experiments.runs import Part, Training
from recon.networks.registry import find

_REMEDY = "Build it with python -m recon dataset, or give its folder"


@dataclass(frozen=True)
class Planned:
    """A condition with everything that its figures rest on."""

    condition: Condition
    measurement: Measurement


@dataclass(frozen=True, eq=False)
class Planner:
    """Makes trainings and measurements of conditions.

    Attributes:
        preset: sizes.
        config: configuration of every training.
        datasets: the data set of each group of people; those of ``People.TEST`` train as well.
    """

    preset: Preset
    config: Mapping[str, Any]
    datasets: Mapping[People, Dataset]

    def plan(self, experiment: Experiment) -> list[Planned]:
        """Every condition, those with the same label once.

        Raises:
            InputError: no_cases where a group has none for a condition; person_in_two_splits where somebody
                who is measured was trained on; unknown_view; anything wrong with a network's table.
        """
        planned: dict[str, Planned] = {}
        for condition in experiment.conditions:
            if condition.label in planned:
                continue
            dataset = self.datasets[condition.people]
            dataset.settings.indices(condition.method.views)
            entries = chosen(dataset, condition)
            self._check_people(dataset, entries)
            planned[condition.label] = Planned(
                condition,
                Measurement(
                    condition.method,
                    self.training(condition.method),
                    dataset.folder,
                    fingerprint(dataset),
                    tuple(entry.id for entry in entries),
                    self.preset.resolution,
                ),
            )
        return list(planned.values())

    def training(self, method: Method) -> Training:
        """The network of a method; for a fit, the segmentation that gives it the bones' shadows."""
        if method.kind is Kind.CT:
            return self._teacher(self.config, method)
        if method.kind is not Kind.NETWORK:
            return self._training("segmentation", self.config)
        config = changed(self.config, method.changes)
        config["data"]["views"] = list(method.views)
        network = _with_views(config["xray"]["network"], len(method.views))
        config["xray"]["network"] = network
        table = config.setdefault("ssr_kd", {})
        unlabelled = config["data"].get("unlabelled", 0)
        learns = unlabelled and (table.get("pseudo", 0.0) or table.get("distillation", 0.0))
        teacher = self._teacher(config, method) if learns else None
        if teacher is not None:
            config["ct"]["network"] = teacher.config["ct"]["network"]
        return self._training(
            "xray",
            config,
            teacher=teacher,
            segmentation=self._training("segmentation", self.config) if _enhanced(network) else None,
        )

    def _teacher(self, config: Mapping[str, Any], method: Method) -> Training:
        """The trained CT network of the preset, or one that is trained here."""
        if not self.preset.teacher or method.teacher_on_same_labels:
            return self._training("ct", config)
        model, dataset = find(self.preset.teacher, "ct"), self.datasets[People.TEST]
        described = changed(config, {"ct.network": model.network})
        return Training("ct", described, dataset.folder, fingerprint(dataset), given=model.weights)

    def _training(
        self,
        part: Part,
        config: Mapping[str, Any],
        teacher: Training | None = None,
        segmentation: Training | None = None,
    ) -> Training:
        dataset = self.datasets[People.TEST]
        if part == "segmentation":  # one for all views, so that experiments share it
            config = changed(config, {"data.views": list(dataset.settings.views)})
        return Training(part, config, dataset.folder, fingerprint(dataset), teacher, segmentation)

    def _check_people(self, dataset: Dataset, entries: Sequence[CaseEntry]) -> None:
        trained = self.datasets[People.TEST].manifest.people.values()
        known = {name.casefold() for p in trained if p.split != "test" for name in (p.id, *p.derived_from)}
        for entry in entries:
            person = dataset.person(entry)
            both = known & {name.casefold() for name in (person.id, *person.derived_from)}
            if both:
                raise InputError(
                    "person_in_two_splits",
                    f"{person.id} is measured but {sorted(both)[0]} takes part in training",
                    "Measure people whom training never met",
                )


def chosen(dataset: Dataset, condition: Condition) -> list[CaseEntry]:
    """The test cases of a condition: labelled, with its implants.

    Raises:
        InputError: no_cases.
    """
    entries = [
        entry
        for entry in dataset.entries("test", labelled=True)
        if condition.implants in (None, tuple(entry.implants))
    ]
    if not entries:
        raise InputError(
            "no_cases", f"{dataset.folder} holds no test case for the condition {condition.label}", _REMEDY
        )
    return entries


def fingerprint(dataset: Dataset) -> str:
    """A short hash of what a data set says of itself, wherever it lies."""
    return hashlib.sha256((dataset.folder / "manifest.json").read_bytes()).hexdigest()[:12]


def trainings(planned: Iterable[Planned]) -> dict[str, Training]:
    """Every training that is needed, by key, each after those that it needs."""
    found: dict[str, Training] = {}

    def add(training: Training) -> None:
        for need in training.needs:
            add(need)
        found.setdefault(training.key, training)

    for one in planned:
        add(one.measurement.training)
    return found


def _built(table: Mapping[str, Any]) -> Any:
    from recon.networks.build import build_network

    return build_network(table)


def _with_views(table: Mapping[str, Any], views: int) -> dict[str, Any]:
    """The table of a network that takes this many views; most kinds have an encoder a view."""
    result = dict(table)
    if _built(result).views not in (None, views):
        result["views"] = views
    return result


def _enhanced(table: Mapping[str, Any]) -> bool:
    return bool(_built(table).input_kind == "enhanced")
