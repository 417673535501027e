"""The six experiments of the paper, as data.

Sources: Table 1, Fig. 5a to 5d and Fig. 6 (npj Digital Medicine, s41746-026-02389-9).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recon.errors import InputError
from recon.experiments.definition import BIPLANAR, Condition, Experiment, Kind, Method, People
from recon.experiments.presets import Preset

NAMES = ("table1", "labelled", "views", "angles", "external", "implants")

LABELLED_ONLY: Mapping[str, Any] = {
    "data.unlabelled": 0,
    "ssr_kd.pseudo": 0.0,
    "ssr_kd.distillation": 0.0,
}
_FEW_PEOPLE = "Few test people: differences smaller than the spread between people mean nothing."
_ONE_SEED = "One seed a training: how much another seed would change a figure was not measured."
_IDEAL = "The X-rays are simulated and their geometry is exact."
_LIMITS = (_FEW_PEOPLE, _ONE_SEED, _IDEAL)


def experiment(name: str, preset: Preset, labelled: int, unlabelled: int) -> Experiment:
    """An experiment for a data set.

    Args:
        name: one of ``NAMES``.
        preset: sizes.
        labelled: training cases with true bones that the data set holds.
        unlabelled: training cases without.

    Raises:
        InputError: unknown_experiment.
    """
    if name == "table1":
        return _table1(preset)
    if name == "labelled":
        return _labelled(preset, labelled, unlabelled)
    if name == "views":
        return _views()
    if name == "angles":
        return _angles()
    if name == "external":
        return _external()
    if name == "implants":
        return _implants()
    raise InputError(
        "unknown_experiment", f"There is no experiment {name}", f"Choose one of {', '.join(NAMES)}"
    )


def _table1(preset: Preset) -> Experiment:
    return Experiment(
        "table1",
        "Reconstruction quality (Table 1)",
        "How accurate are bones from two X-rays by SSR-KD, by its steps and by the methods before it?",
        "",
        (
            Condition("SSR-KD", Method()),
            Condition("labelled + pseudo labels", Method(changes={"ssr_kd.distillation": 0.0})),
            Condition("labelled only", Method(changes=LABELLED_ONLY)),
            Condition("volumetric CNN", Method(changes={**LABELLED_ONLY, **preset.cnn})),
            Condition("SSIM fit", Method(kind=Kind.SSIM)),
            Condition("SSM fit", Method(kind=Kind.SSM)),
            Condition("teacher, from CT", Method(kind=Kind.CT)),
        ),
        (
            *_LIMITS,
            "The SSIM fit starts from the SSM fit and keeps what its contours said; that of the paper's "
            "source knows intensities alone.",
            "Shape model and test people come from one collection and one template mesh, which favours the "
            "fits; the volumetric CNN learns from labelled cases only.",
        ),
        reference="SSR-KD",
        pictures=("SSR-KD",),
        by_bone=True,
    )


def _labelled(preset: Preset, labelled: int, unlabelled: int) -> Experiment:
    def condition(series: str, n: int, m: int) -> Condition:
        changes: dict[str, Any] = {} if m == unlabelled else {"data.unlabelled": m}
        changes = dict(LABELLED_ONLY) if m == 0 else changes
        if n != labelled:
            changes["data.labelled"] = n
        x = n if series == "labelled" else m
        method = Method(changes=changes, teacher_on_same_labels=True)
        return Condition(f"{n} labelled, {m} unlabelled", method, series, float(x))

    counts = [n for n in preset.labelled if n < labelled] + [labelled]
    others = sorted({round(share * unlabelled) for share in preset.unlabelled} | {unlabelled})
    return Experiment(
        "labelled",
        "How many labelled and unlabelled people (Fig. 5a)",
        "How does the error grow with fewer labelled people, and with fewer unlabelled ones? With fewer "
        "labelled people the CT teacher is trained on those alone.",
        "training cases",
        (
            *(condition("labelled", n, unlabelled) for n in counts),
            *(condition("unlabelled", labelled, m) for m in others),
        ),
        (
            *_LIMITS,
            "Every training takes the same number of steps, so fewer cases are seen more often. The "
            "segmentation that enhances the X-rays knows the bone shadows of all labelled cases throughout.",
        ),
        reference=f"{labelled} labelled, {unlabelled} unlabelled",
    )


def _views() -> Experiment:
    sets = (("000",), BIPLANAR, ("000", "045", "090"), ("000", "045", "090", "135"))
    return Experiment(
        "views",
        "How many views (Fig. 5b)",
        "How does the error fall with the number of X-rays?",
        "views",
        tuple(
            Condition(
                " + ".join(f"{int(v)}°" for v in views), Method(views=views), "views", float(len(views))
            )
            for views in sets
        ),
        _LIMITS,
        reference="0° + 90°",
    )


def _angles() -> Experiment:
    return Experiment(
        "angles",
        "Less than 90 degrees between the views (Fig. 5c)",
        "How does the error grow as the second view comes closer to the first? Every angle is trained for.",
        "degrees between the two views",
        tuple(
            Condition(f"{angle}°", Method(views=("000", f"{angle:03d}")), "angles", float(angle))
            for angle in (90, 75, 60, 45, 30)
        ),
        _LIMITS,
        reference="90°",
    )


def _external() -> Experiment:
    return Experiment(
        "external",
        "People of other institutions (Fig. 5d)",
        "Does the model of Table 1 hold on people whose bones others imaged and annotated?",
        "",
        (
            Condition("test people", Method()),
            Condition("external people", Method(), people=People.EXTERNAL),
        ),
        (
            *_LIMITS,
            "Their bones come from elsewhere, their X-rays from the same renderer as all others here.",
        ),
        reference="test people",
        pictures=("external people",),
    )


def _implants() -> Experiment:
    kinds = {"no implant": (), "staple": ("staple",), "plate and screws": ("plate",)}
    kinds["partial knee"] = ("partial_knee",)
    return Experiment(
        "implants",
        "Knees with metal implants (Fig. 6)",
        "How much does metal in the X-rays spoil the bones? Each knee is measured without an implant and "
        "with each kind. Training saw no implant.",
        "",
        tuple(
            Condition(label, Method(), people=People.IMPLANTS, implants=kind) for label, kind in kinds.items()
        ),
        (
            *_LIMITS,
            "The true surface is that of the bone which the surgeon left: where a partial knee replaces it, "
            "its cut. The paper's patients had other implants, placed by surgeons.",
        ),
        reference="no implant",
        pictures=tuple(kinds),
    )
