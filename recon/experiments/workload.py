"""Which tasks an experiment still has before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recon.experiments.definition import Kind
from recon.experiments.measure import measure
from recon.experiments.plan import Planned, trainings
from recon.experiments.runs import Runs, Training
from recon.experiments.schedule import Task

_CASE_SECONDS = {Kind.NETWORK: 10.0, Kind.CT: 10.0, Kind.SSM: 15.0, Kind.SSIM: 40.0}


def tasks_of(planned: Sequence[Planned], runs: Runs, usual: Mapping[str, float]) -> list[Task]:
    """What is to be done: trainings without weights, then measurements without figures."""
    tasks: list[Task] = []
    waiting: set[str] = set()
    for key, training in trainings(planned).items():
        if runs.weights(training) is None:
            waiting.add(key)
            tasks.append(
                Task(
                    key,
                    describe(training),
                    runs.usual_seconds(training) or usual[training.part],
                    tuple(need.key for need in training.needs if need.key in waiting),
                    runs.finish,
                    (training,),
                )
            )
    for one in planned:
        measurement = one.measurement
        if not measurement.done(runs):
            need = measurement.training.key
            tasks.append(
                Task(
                    _measuring(one),
                    f"measure {one.condition.label}",
                    _CASE_SECONDS[measurement.method.kind] * len(measurement.cases),
                    (need,) if need in waiting else (),
                    measure,
                    (measurement, runs),
                )
            )
    return tasks


def _measuring(one: Planned) -> str:
    """Key of a measurement's task; conditions of one method differ by their cases."""
    return f"{one.measurement.key} {one.condition.label}"


def describe(training: Training) -> str:
    """A training for people: part, network, and what it learns from."""
    if training.given is not None:
        return f"{training.part} {training.kind}, weights as shipped ({training.given.name})"
    data = training.config["data"]
    text = f"{training.part} {training.kind}, {data['labelled']} labelled"
    if training.part == "xray":
        table = training.config.get("ssr_kd", {})
        if training.teacher is not None:
            text += f" + {data['unlabelled']} unlabelled"
            text += f", w_u {table.get('pseudo', 0):g}, w_k {table.get('distillation', 0):g}"
        text += f", views {' '.join(data['views'])}"
    return text


def plan_text(planned: Sequence[Planned], runs: Runs, tasks: Sequence[Task], jobs: int) -> str:
    """Which trainings there are, which are to be done, and about how long all takes."""
    lines = []
    expected = {task.key: task.seconds for task in tasks}
    for key, training in trainings(planned).items():
        if key in expected:
            state = "goes on" if runs.begun(training) else "to do"
            state += f", about {expected[key] / 60:.0f} min"
        else:
            state = "done"
        lines.append(f"  {key}: {describe(training)}: {state}")
    todo = sum(len(one.measurement.cases) for one in planned if _measuring(one) in expected)
    minutes = sum(expected.values()) / 60 / min(jobs, max(len(tasks), 1))
    lines.append(
        f"  {len(planned)} conditions, {todo} reconstructions to do; about {minutes:.0f} min in all, "
        f"{jobs} at a time"
    )
    return "\n".join(lines)
