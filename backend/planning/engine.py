"""The guide engine as the backend calls it: in this process, because planning takes no booleans.

It takes milliseconds once the landmarks of a bone set are known. The engine brings numpy and trimesh, which
most processes of the backend do without, so that it is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from backend.core.errors import Invalid
from backend.imaging.folders import cached_folder
from backend.imaging.models import BoneSet

TARGETS = ("correction_deg", "target_wbl", "target_hka", "target_mpta")
"""Of these a request has exactly one."""


def plan_document(bone_set: BoneSet, request: Mapping[str, Any]) -> dict[str, Any]:
    """The plan that a request asks for, on a bone set with its cached landmarks.

    Args:
        bone_set: with its case.
        request: as of ``PlanRequestSerializer``, without ``bone_set``; its ``film_reading`` as of
            ``FilmReading.to_engine``.

    Raises:
        Invalid: the engine refuses, with its code.
    """
    from guides.plan import plan_files

    with _refusals():
        return plan_files(
            cached_folder(bone_set),
            _side(bone_set),
            **_engine_words(request) | {"landmarks": _landmarks(bone_set, request)},
        )


def plan_alternatives(bone_set: BoneSet, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same technique aimed at several targets, as of ``guides.alternatives.alternatives``.

    Raises:
        Invalid: the engine refuses all of them, with its code.
    """
    from guides.alternatives import alternatives

    technique = {name: value for name, value in _engine_words(request).items() if name not in TARGETS}
    with _refusals():
        return alternatives(
            cached_folder(bone_set),
            _side(bone_set),
            **technique | {"landmarks": _landmarks(bone_set, request)},
        )


def film_angles(
    points: Mapping[str, Sequence[float]], pixel_spacing: Sequence[float], side: str, *, mirrored: bool
) -> dict[str, float]:
    """Degrees by name, as of ``guides.measures.measure_film``.

    Args:
        mirrored: whether a person says that the film is mirrored.

    Raises:
        Invalid: the engine refuses, with its code.
    """
    from guides.measures import check_side, measure_film

    leg: Literal["L", "R"] = "L" if side == "L" else "R"
    with _refusals():
        found = measure_film(points, pixel_spacing, leg)
        check_side(found, leg, mirrored=mirrored)
    return found.angles


def plan_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of the document in canonical JSON."""
    from guides.plan import plan_hash

    return plan_hash(document)


def _side(bone_set: BoneSet) -> Literal["L", "R"]:
    return "L" if bone_set.case.side == "L" else "R"


def _engine_words(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if value is not None}


def _landmarks(bone_set: BoneSet, request: Mapping[str, Any]) -> dict[str, Any]:
    """The landmarks that were found, found now if nobody asked before, under those that a person moved."""
    from guides.plan import plan_files

    if bone_set.landmarks is None:
        found = plan_files(cached_folder(bone_set), _side(bone_set), correction_deg=0.0)["landmarks"]
        BoneSet.objects.filter(pk=bone_set.pk).update(landmarks=found)
        bone_set.landmarks = found
    moved = request.get("landmarks") or {}
    unknown = sorted(set(moved) - set(bone_set.landmarks))
    if unknown:
        raise Invalid(
            "unknown_landmark",
            f"These bones have no landmark {', '.join(unknown)}.",
            kept="Nothing was stored.",
            remedy="Move only landmarks that the plan shows.",
        )
    edited = {name: {"position": place, "provenance": "edited"} for name, place in moved.items()}
    return {**bone_set.landmarks, **edited}


@contextmanager
def _refusals() -> Iterator[None]:
    """What the engine refuses, in the backend's shape."""
    from guides.errors import InputError

    try:
        yield
    except InputError as error:
        raise Invalid(
            error.code, f"{error.message}.", kept="Nothing was stored.", remedy=f"{error.remedy}."
        ) from error
