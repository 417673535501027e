"""Do an experiment: plan, train what is missing, measure every case, write CSV, figure, pictures and page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.bones import Bone
from recon.dataset import Dataset
from recon.errors import InputError
from recon.experiments import catalogue
from recon.experiments.bone_pictures import Shown, write_sheet
from recon.experiments.definition import Experiment, People
from recon.experiments.figures import draw, require_matplotlib
from recon.experiments.measure import judged_field
from recon.experiments.page import Report, write_page
from recon.experiments.plan import Planned, Planner, trainings
from recon.experiments.presets import PRESETS
from recon.experiments.results import Results, Row
from recon.experiments.runs import Runs, Training
from recon.experiments.schedule import State, run_tasks
from recon.experiments.workload import describe, plan_text, tasks_of
from recon.output import output_folder

_SHOWN_CASES = 3
# What ``python -m recon dataset`` makes each group with.
_MAKE = {
    People.TEST: "synthetic --out {} --labelled 70 --unlabelled 170 --validation 8 --test 12 --volume 128",
    People.IMPLANTS: "synthetic --out {} --labelled 0 --unlabelled 0 --validation 0 --test 0 --implants 12",
    People.EXTERNAL: "meshes --out {} --split test --person NAME --bones FOLDER --source TEXT --licence TEXT",
}


@dataclass(frozen=True)
class Request:
    """What to do and where.

    Attributes:
        name: of the experiment.
        out: folder for CSV, figure and page.
        preset: name.
        folders: data set of each group of people; the one of test people also trains.
        runs: folder of shared trainings and results.
        jobs: processes at a time.
        command: as the page states it.
    """

    name: str
    out: Path
    preset: str
    folders: Mapping[People, Path]
    runs: Path
    jobs: int
    command: str


def conduct(
    request: Request, say: Callable[[str], None], tell: Callable[[State], None] = lambda _: None
) -> Results:
    """Do an experiment; what an earlier run has finished is used again.

    Args:
        request: what.
        say: given lines for people, the plan first.
        tell: given the state of the work about twice a second.

    Raises:
        InputError: anything wrong with preset, data sets or weights, before any long work where possible.
    """
    require_matplotlib()
    preset = PRESETS[request.preset]
    datasets = {People.TEST: _opened(request, People.TEST)}
    train = {flag: len(datasets[People.TEST].entries("train", flag)) for flag in (True, False)}
    config = preset.configuration()
    limits = {True: config["data"].get("labelled"), False: config["data"].get("unlabelled")}
    used = {flag: n if limits[flag] is None else min(n, limits[flag]) for flag, n in train.items()}
    config["data"].update(labelled=used[True], unlabelled=used[False])
    experiment = catalogue.experiment(request.name, preset, used[True], used[False])
    for people in {c.people for c in experiment.conditions} - set(datasets):
        datasets[people] = _opened(request, people)
    planned = Planner(preset, config, datasets).plan(experiment)

    runs = Runs(request.runs)
    tasks = tasks_of(planned, runs, preset.seconds)
    say(plan_text(planned, runs, tasks, request.jobs))
    run_tasks(tasks, request.jobs, tell)

    results = Results.join(_rows(one, runs, datasets[one.condition.people]) for one in planned)
    report = _report(request, config, experiment, planned, runs, datasets)
    name = experiment.name
    files = [f"{name}.csv", f"{name}.png", f"{name}-bones.png", f"{name}.md"]
    with output_folder(request.out, replaces=files) as folder:
        results.write(folder / f"{name}.csv")
        draw(experiment, results, folder / f"{name}.png")
        shown = _shown(experiment, planned, runs, datasets)
        if shown:
            write_sheet(shown, folder / f"{name}-bones.png")
        write_page(experiment, results, report, folder / f"{name}.md", pictures=bool(shown))
    return results


def _opened(request: Request, people: People) -> Dataset:
    """The data set of a group of people; where there is none, the command that makes it is told."""
    folder = request.folders[people]
    try:
        return Dataset.open(folder)
    except InputError as error:
        if error.code != "no_dataset":
            raise
        raise InputError(
            error.code,
            error.message,
            f"Make one with: python -m recon dataset {_MAKE[people].format(folder)} --seed 1",
        ) from error


def _rows(one: Planned, runs: Runs, dataset: Dataset) -> list[Row]:
    entries = {entry.id: entry for entry in dataset.manifest.cases}
    rows = []
    for case in one.measurement.cases:
        entry = entries[case]
        for label, figures in one.measurement.read(runs, case)["bones"].items():
            bone = Bone[label.upper()]
            rows.append(
                Row(
                    one.condition.label,
                    one.condition.people,
                    entry.person,
                    case,
                    tuple(entry.implants),
                    bone,
                    figures,
                )
            )
    return rows


def _shown(
    experiment: Experiment, planned: Sequence[Planned], runs: Runs, datasets: Mapping[People, Dataset]
) -> list[Shown]:
    """The first case of different people for every condition that is to be shown."""
    shown = []
    for one in planned:
        if one.condition.label not in experiment.pictures:
            continue
        dataset = datasets[one.condition.people]
        entries = {entry.id: entry for entry in dataset.manifest.cases}
        first = {entries[case].person: case for case in reversed(one.measurement.cases)}
        most = _SHOWN_CASES if len(experiment.pictures) == 1 else 1
        for person, case in sorted(first.items())[:most]:
            knee = dataset.load(entries[case], one.measurement.method.views)
            shown.append(
                Shown(
                    f"{person}: {one.condition.label}",
                    knee.pictures,
                    knee.bones(),
                    one.measurement.bones(runs, case),
                    judged_field(dataset, knee),
                )
            )
    return shown


def _report(
    request: Request,
    config: Mapping[str, Any],
    experiment: Experiment,
    planned: Sequence[Planned],
    runs: Runs,
    datasets: Mapping[People, Dataset],
) -> Report:
    seconds = {}
    for one in planned:
        times = [one.measurement.read(runs, case)["seconds"] for case in one.measurement.cases]
        seconds[one.condition.label] = sum(times) / len(times)
    # Conditions of one method may share cases, whose time counts once.
    worked = {
        (one.measurement.key, case): one.measurement.read(runs, case)["processor_seconds"]
        for one in planned
        for case in one.measurement.cases
    }
    needed = trainings(planned)
    done = [
        (key, describe(training), runs.seconds(training), runs.processor_seconds(training))
        for key, training in needed.items()
    ]
    people, limits = _trained(datasets[People.TEST], config)
    people += [_GIVEN.format(name=given.stem) for given in _given(needed.values())]
    for group in dict.fromkeys(c.people for c in experiment.conditions):
        people.append(_measured(group, datasets[group], planned))
    return Report(
        request.command,
        request.preset,
        config["seed"],
        tuple(people),
        tuple(done),
        seconds,
        sum(worked.values()),
        request.jobs,
        tuple(limits),
    )


def _given(needed: Iterable[Training]) -> list[Path]:
    return sorted({training.given for training in needed if training.given is not None})


def _trained(dataset: Dataset, config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Whom the trainings saw, and what that leaves open."""
    people = dataset.manifest.people.values()
    train = [person for person in people if person.split == "train"]
    validation = [person for person in people if person.split == "validation"]
    real = {name for person in train for name in person.derived_from}
    who = f"{len(train)} people"
    limits = []
    if real:
        virtual = sum(bool(person.derived_from) for person in train)
        who += f", {virtual} of them virtual, drawn from a shape model of {len(real)} real ones"
        limits.append(
            f"Virtual people all come from a shape model of {len(real)} real ones: more of them is not the "
            "variety that more patients would bring."
        )
    data = config["data"]
    sentence = (
        f"Trained on up to {data['labelled']} labelled and {data['unlabelled']} unlabelled cases of the data "
        f'set "{dataset.manifest.name}" ({who}); weights chosen on {len(validation)} validation people. '
        "Nobody is in two splits."
    )
    return [sentence], limits


def _measured(group: People, dataset: Dataset, planned: Sequence[Planned]) -> str:
    entries = {entry.id: entry for entry in dataset.manifest.cases}
    cases = {case for one in planned if one.condition.people == group for case in one.measurement.cases}
    names = sorted({entries[case].person for case in cases})
    return f"Measured on {len(cases)} cases of {len(names)} {_GROUPS[group]} ({', '.join(names)})."


_GIVEN = (
    "The CT teacher was not trained here: it is the network `{name}` that comes with the product, trained "
    "longer than anything here, on virtual people of the training split alone "
    "([model card](../../recon/assets/{name}.md))."
)
_GROUPS = {
    People.TEST: "test people",
    People.EXTERNAL: "external people, whose data no weight may be derived from",
    People.IMPLANTS: "test people, some with implants",
}
