"""What is printed for an HTO simulation: guides without a name, and which label goes on which."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass

from django.db import transaction

from backend.accounts.models import Person, Role
from backend.accounts.selectors import require_role
from backend.core import storage
from backend.core.errors import Conflict, Invalid
from backend.studies.guard import in_state, log
from backend.studies.models import Item, Study, StudyKind, StudyState
from backend.studies.reporting.blocks import ZIP_DATE, Section, Table
from backend.studies.reporting.label_sheet import label_sheet
from backend.studies.reporting.pdf import pdf
from backend.studies.showing import shown


@dataclass(frozen=True)
class Line:
    """One printed guide in the hands of one rater."""

    rater: str
    position: int
    label: str
    guide: str
    bone_model: str


def print_package(*, person: Person, study: Study) -> bytes:
    """A ZIP of guides and tibias to print, with labels for them and the packing list as CSV and PDF.

    Guides are numbered in the order of their hashes: neither number nor file tells an arm.

    Raises:
        WrongRole: the person is no coordinator of the site.
        Invalid: ``nothing_to_print``: bones are rated on the screen.
        Conflict: ``wrong_state``, ``not_prepared``: cases that were added late are not blinded yet.
    """
    require_role(person, study.site, Role.COORDINATOR)
    if study.kind != StudyKind.HTO_SIMULATION:
        raise Invalid("nothing_to_print", "Nothing is printed in this study.", remedy="Rate on the screen.")
    in_state(study, StudyState.RUNNING)
    items = list(
        Item.objects.filter(rater__study=study, withdrawn_at__isnull=True, rater__withdrawn_at__isnull=True)
        .select_related("rater")
        .order_by("rater__ordinal", "position")
    )
    seen = {item.pk: shown(item) for item in items}
    if not all(one.content for one in seen.values()):
        raise Conflict("not_prepared", "Guides are being prepared.", remedy="Try again in a minute.")
    names = {
        key: f"guide-{number:02}.stl"
        for number, key in enumerate(sorted({one.content for one in seen.values()}), start=1)
    }
    bones = {
        f"tibia-of-case-{one.study_case.number:02}.stl": one.study_case.bone_model for one in seen.values()
    }
    lines = [
        Line(
            item.rater.code,
            item.position + 1,
            item.code,
            names[seen[item.pk].content],
            f"tibia-of-case-{seen[item.pk].study_case.number:02}.stl",
        )
        for item in items
    ]
    files = {name: storage.get(key) for key, name in names.items()}
    files |= {name: storage.get(key) for name, key in bones.items()}
    files |= {"packing-list.csv": _csv(lines), "packing-list.pdf": _pdf(study, lines)}
    files["labels.pdf"] = label_sheet([(line.label, f"{line.rater}, no. {line.position}") for line in lines])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    with transaction.atomic():
        log(study, person, "study.print_package", "Print package downloaded", {"guides": len(names)})
    return packed.getvalue()


_HEADINGS = ("rater", "order", "label", "guide", "bone_model")


def _rows(lines: list[Line]) -> list[list[str]]:
    return [[line.rater, str(line.position), line.label, line.guide, line.bone_model] for line in lines]


def _csv(lines: list[Line]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADINGS)
    writer.writerows(_rows(lines))
    return text.getvalue().encode()


def _pdf(study: Study, lines: list[Line]) -> bytes:
    sections = []
    for rater in dict.fromkeys(line.rater for line in lines):
        rows = [row[1:] for row in _rows([line for line in lines if line.rater == rater])]
        words = "Put the label on the guide, hand out in this order, and show the rater nothing of this list."
        sections.append(Section(f"Rater {rater}", [words], tables=[Table(list(_HEADINGS[1:]), rows)]))
    return pdf(f"Packing list: {study.title}", sections)
