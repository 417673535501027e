"""Parameters and presets of guides: the engine's own, those that sites added, and the check of a request."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import CLINICAL_ROLES, Person, Role, Site
from backend.accounts.selectors import require_role, sites_with_role
from backend.audit.services import record
from backend.core.errors import Conflict, Invalid, WrongRole
from backend.exports.models import GuidePreset

SCHEMA = "hto-guide-presets/1"
"""Of the file in which the engine reads presets that are not its own."""


def parameters_document() -> list[dict[str, Any]]:
    """Name, label, unit, min, max, default and definition of every parameter."""
    # Imported late: the engine brings manifold3d, which most processes of the backend do without.
    from guides.design.presets import presets_document

    return presets_document()


def presets_of(person: Person) -> list[dict[str, Any]]:
    """The engine's presets and those of the person's sites, as the API shows them."""
    from guides.catalogue import catalogue

    sites = sites_with_role(person, *CLINICAL_ROLES)
    own = GuidePreset.objects.offered(*sites).select_related("author")
    return [
        *({**preset, "site": None, "author": None} for preset in catalogue()),
        *({**preset.document(), "site": preset.site_id, "author": preset.author.name} for preset in own),
    ]


def write_presets(documents: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The file in which the engine reads the presets of a site."""
    path.write_text(json.dumps({"schema": SCHEMA, "presets": list(documents)}))


def chosen_site_presets(site: Site, names: Sequence[str]) -> list[dict[str, Any]]:
    """Those of the site among the presets that were chosen, for the engine."""
    return [preset.document() for preset in GuidePreset.objects.offered(site) if str(preset.pk) in names]


def check_parameters(
    parameters: Mapping[str, float],
    presets: Sequence[str],
    site_presets: Sequence[Mapping[str, Any]],
    painting: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Refuse what the engine would refuse, while the person still looks at the form.

    Raises:
        Invalid: with the engine's code.
    """
    from guides.design.painting import read_strokes
    from guides.design.presets import settings

    with _refusals("parameters"), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "presets.json"
        write_presets(site_presets, path)
        settings(parameters, presets, path)
    with _refusals("painting"):
        read_strokes([dict(stroke) for stroke in painting])


def add_preset(
    *, person: Person, group: str, label: str, source: str, site: UUID | None = None, **content: Any
) -> GuidePreset:
    """Add a preset to a site.

    Args:
        person: an engineer of the site.
        group: what it speaks of, for example the saw blade.
        label: as it is chosen by.
        source: where its numbers come from.
        site: needed only of an engineer of several sites.
        content: ``parameters`` and what else the engine's catalogue knows, for example ``build_mm``.

    Raises:
        WrongRole: the person is no engineer (of that site).
        Invalid: ``which_site``, or the engine's code for a value that it refuses.
        Conflict: ``preset_there``: the site has one of this label in the group.
    """
    preset = GuidePreset(
        site=_site_of(person, site),
        group=group,
        label=label,
        source=source,
        content={name: value for name, value in content.items() if value is not None},
        author=person,
    )
    check_parameters({}, [str(preset.pk)], [preset.document()])
    with transaction.atomic():
        if GuidePreset.objects.offered(preset.site).filter(group=group, label=label).exists():
            raise Conflict(
                "preset_there",
                f"There is a preset {label} already.",
                remedy="Give it another name, or withdraw the other one first.",
            )
        preset.save()
        _record(preset, person, "added", preset.document())
    return preset


def withdraw_preset(*, person: Person, preset: GuidePreset) -> None:
    """Offer a preset no more; designs that were made with it keep their numbers.

    Raises:
        WrongRole: the person is no engineer of the site.
    """
    require_role(person, preset.site, Role.ENGINEER)
    with transaction.atomic():
        if GuidePreset.objects.filter(pk=preset.pk, withdrawn_at=None).update(withdrawn_at=timezone.now()):
            _record(preset, person, "withdrawn", {"id": str(preset.pk)})


def _record(preset: GuidePreset, person: Person, act: str, data: dict[str, Any]) -> None:
    record(
        person=person,
        action=f"guide_preset.{act}",
        text=f"Guide preset {preset.label} {act}",
        site=preset.site,
        data=data,
    )


def _site_of(person: Person, wanted: UUID | None) -> Site:
    sites = [site for site in sites_with_role(person, Role.ENGINEER) if wanted is None or site.pk == wanted]
    if not sites:
        raise WrongRole(
            "wrong_role", "Only an engineer may do this.", remedy="Ask an administrator of your site."
        )
    if len(sites) > 1:
        raise Invalid(
            "which_site",
            "You work at several sites.",
            remedy="Choose the site of the preset.",
            fields={"site": [f"{site.pk}: {site.name}" for site in sites]},
        )
    return sites[0]


@contextmanager
def _refusals(field: str) -> Iterator[None]:
    from guides.errors import InputError

    try:
        yield
    except InputError as error:
        raise Invalid(
            error.code, f"{error.message}.", remedy=f"{error.remedy}.", fields={field: [error.message]}
        ) from error
