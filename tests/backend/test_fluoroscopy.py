"""The C-arm view: guide and wires where they are, from the angle that was asked for."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from backend.core import storage
from tests.backend import factories

pytestmark = pytest.mark.django_db

PIXELS = 256
MM_PER_PIXEL = 200.0 / PIXELS


@pytest.fixture
def guide() -> Any:
    """A small block as guide, 25 mm in front of the isocentre, with one wire straight backwards."""
    block = trimesh.creation.box(extents=(10, 6, 10))
    block.apply_translation((0, -25, 0))
    wire = {"point": [0, -20, 0], "direction": [0, 1, 0], "diameter_mm": 2.4, "drill_depth_mm": 30.0}
    report = {"slot": {"point": [0, -30, 0], "direction": [0, 1, 0]}, "wires": [wire]}
    return factories.GuideFactory(report=report, stl=storage.put(block.export(file_type="stl"), ".stl"))


def shot(client: Any, design: Any, **view: Any) -> np.ndarray:
    answer = client.get(
        f"/api/guides/{design.pk}/fluoroscopy/", {"pixels": PIXELS, "encoding": "u16", **view}
    )
    assert answer.status_code == 200
    return np.frombuffer(answer.content, "<u2").reshape(PIXELS, PIXELS).astype(float)


def test_the_wire_is_a_dot_from_in_front_and_a_line_from_the_side(guide: Any, log_in: Any) -> None:
    client = log_in(guide.case.surgeon)
    widths = {}
    for angle in (0, 90):
        with_wire = shot(client, guide, primary=angle)
        steel = with_wire - shot(client, guide, primary=angle, wires="false") > 0
        rows, columns = np.nonzero(steel)
        assert abs(rows.mean() - PIXELS / 2) < 2, "the wire runs level through the isocentre"
        widths[angle] = (columns.max() - columns.min() + 1) * MM_PER_PIXEL
    assert widths[0] < 8  # 2.4 mm, and what is nearer to the source looks larger
    assert widths[90] > 100


def test_the_guide_lies_in_front_as_seen_from_the_left(guide: Any, log_in: Any) -> None:
    client = log_in(guide.case.surgeon)
    # The detector at the patient's left: image columns run backwards, so that the front is on the left.
    view = {"primary": 90, "wires": "false"}
    printed = shot(client, guide, **view) - shot(client, guide, **view, guide="false")
    _, columns = np.nonzero(printed > 0)
    middle = (columns.mean() - PIXELS / 2) * MM_PER_PIXEL
    assert middle == pytest.approx(-25, abs=1.5)


def test_a_picture_for_people_shows_the_same(guide: Any, log_in: Any) -> None:
    client = log_in(guide.case.surgeon)
    answer = client.get(f"/api/guides/{guide.pk}/fluoroscopy/", {"pixels": PIXELS, "primary": 30})
    assert answer["Content-Type"] == "image/png"
    picture = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert np.array_equal(picture, shot(client, guide, primary=30).astype(int) >> 8)
    again = client.get(
        f"/api/guides/{guide.pk}/fluoroscopy/",
        {"pixels": PIXELS, "primary": 30},
        HTTP_IF_NONE_MATCH=answer["ETag"],
    )
    assert again.status_code == 304


@pytest.mark.parametrize("view", [{"primary": 200}, {"secondary": 60}, {"pixels": 5000}, {"primary": "nan"}])
def test_a_view_that_no_c_arm_gives_is_refused(view: dict[str, Any], guide: Any, log_in: Any) -> None:
    answer = log_in(guide.case.surgeon).get(f"/api/guides/{guide.pk}/fluoroscopy/", view)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_an_old_report_that_says_nothing_of_the_slot_is_refused(log_in: Any) -> None:
    guide = factories.GuideFactory()
    answer = log_in(guide.case.surgeon).get(f"/api/guides/{guide.pk}/fluoroscopy/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_geometry")
