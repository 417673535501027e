"""Presets by name, a site's own among them, and what material and printer ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from guides.catalogue import GROUPS, Rules, catalogue
from guides.check.printing import printable
from guides.cli import main
from guides.design.presets import settings
from guides.errors import InputError
from tests.guides.conftest import Designed

OWN = {
    "id": "our-blade", "group": "saw_blade", "label": "Our blade", "source": "measured",
    "parameters": {"blade_thickness_mm": 1.1},
}  # fmt: skip


def site_file(folder: Path, *presets: dict[str, object]) -> Path:
    path = folder / "presets.json"
    path.write_text(json.dumps({"schema": "hto-guide-presets/1", "presets": presets}))
    return path


def test_every_built_in_preset_is_valid_and_every_group_has_one() -> None:
    found = catalogue()
    assert {preset["group"] for preset in found} == set(GROUPS)
    for preset in found:
        settings({}, [preset["id"]])


def test_presets_come_before_defaults_and_parameters_before_presets(tmp_path: Path) -> None:
    own = site_file(tmp_path, OWN, OWN | {"id": "blade-1.27", "parameters": {"blade_thickness_mm": 1.3}})
    assert settings().blade_thickness_mm == 1.0
    assert settings({}, ["our-blade"], own).blade_thickness_mm == 1.1
    assert settings({}, ["blade-1.27"], own).blade_thickness_mm == 1.3, "a site's own replaces ours"
    assert settings({"blade_thickness_mm": 0.9}, ["our-blade"], own).blade_thickness_mm == 0.9
    assert settings({}, ["wire-3.0", "our-blade"], own).wire_diameter_mm == 3.0


@pytest.mark.parametrize(
    "presets", [[{"id": "x"}], [OWN | {"group": "food"}], [OWN | {"id": "No Id"}], [OWN | {"more": 1}]]
)
def test_a_file_that_holds_no_presets_is_refused(tmp_path: Path, presets: list[dict[str, object]]) -> None:
    with pytest.raises(InputError) as error:
        settings({}, [], site_file(tmp_path, *presets))
    assert error.value.code == "bad_presets"


def test_an_unknown_preset_and_one_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        settings({}, ["blade-7"])
    assert error.value.code == "unknown_preset"
    thick = site_file(tmp_path, OWN | {"parameters": {"blade_thickness_mm": 9}})
    with pytest.raises(InputError) as error:
        settings({}, ["our-blade"], thick)
    assert error.value.code == "parameter_out_of_range"


def test_a_switch_is_on_or_off() -> None:
    assert settings({"hinge_pin": 0}).hinge_pin == 0
    with pytest.raises(InputError):
        settings({"hinge_pin": 0.5})


def test_a_material_that_does_not_withstand_the_steriliser_blocks(designed: Callable[..., Designed]) -> None:
    made = designed("synthetic_l")
    rules = {
        cycle: settings({}, ["surgical-resin", cycle, "printer-sls"]).rules
        for cycle in ("steam-121", "steam-134")
    }
    assert rules["steam-121"].withstands and rules["steam-134"].withstands is False
    assert rules["steam-121"].thinnest_wall_mm == 1.5 and Rules().thinnest_wall_mm == 1.0
    checks = {c["name"]: c for c in printable(made.guide(), made.report, rules["steam-134"])}
    assert checks["sterilisation"]["status"] == "block" and checks["sterilisation"]["remedy"]
    assert checks["build_room"]["status"] == "pass"
    small = Rules(build_mm=(40, 40, 40))
    checks = {c["name"]: c for c in printable(made.guide(), made.report, small)}
    assert checks["build_room"]["status"] == "block"


def test_the_command_lists_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    assert "steam-134" in capsys.readouterr().out
