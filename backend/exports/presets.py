"""The parameters of a guide as the engine names them: for the panel, and checked before a job waits."""

from __future__ import annotations

from typing import Any

from backend.core.errors import Invalid


def presets() -> list[dict[str, Any]]:
    """Name, label, unit, min, max, default and definition of every parameter."""
    # Imported late: the engine brings manifold3d, which most processes of the backend do without.
    from guides.design.presets import presets_document

    return presets_document()


def check_parameters(parameters: dict[str, float]) -> None:
    """Refuse parameters that the engine would refuse, while the person still looks at the form.

    Raises:
        Invalid: with the engine's code.
    """
    from guides.design.presets import settings
    from guides.errors import InputError

    try:
        settings(parameters)
    except InputError as error:
        raise Invalid(
            error.code, f"{error.message}.", remedy=f"{error.remedy}.", fields={"parameters": [error.message]}
        ) from error
