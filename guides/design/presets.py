"""Every number of a guide that a person may change, as data with unit, range and definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from guides.catalogue import Rules, read_presets
from guides.design.painting import Stroke, read_strokes
from guides.errors import InputError


@dataclass(frozen=True)
class Parameter:
    """One adjustable number of the guide."""

    name: str
    label: str
    unit: str
    min: float
    max: float
    default: float
    definition: str


SWITCH = "on/off"
"""Unit of a parameter that is 0 or 1."""

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "bone_clearance_mm", "Bone clearance", "mm", 0.1, 1.0, 0.3,
        "Gap between the contact face and the planned bone surface",
    ),
    Parameter(
        "slot_clearance_mm", "Slot clearance", "mm", 0.0, 0.5, 0.15,
        "Play of the saw blade on each side; 0.3 mm in total over 15 mm lets it tilt by 1.15 degrees",
    ),
    Parameter(
        "wire_clearance_mm", "Wire clearance", "mm", 0.0, 0.6, 0.2,
        "Added to the diameter of the wire holes",
    ),
    Parameter(
        "printer_compensation_mm", "Printer compensation", "mm", 0.0, 0.4, 0.0,
        "Added to slot thickness and hole diameters for printers that close them (PA12: up to 0.3 mm)",
    ),
    Parameter(
        "blade_thickness_mm", "Saw blade thickness", "mm", 0.6, 2.0, 1.0,
        "Thickness of the blade at its teeth; common blades 0.9 to 1.27 mm",
    ),
    Parameter(
        "wire_diameter_mm", "Wire diameter", "mm", 1.6, 3.2, 2.4,
        "Diameter of the K-wires; 1.6, 2.0, 2.4, 2.5 and 3.0 mm are common",
    ),
    Parameter(
        "slot_width_mm", "Slot width", "mm", 20.0, 44.0, 34.0,
        "Length of the slot from front to back; shortened where the bone is narrower",
    ),
    Parameter(
        "slot_depth_mm", "Slot depth", "mm", 10.0, 25.0, 15.0,
        "Length over which the slot leads the blade outside the bone",
    ),
    Parameter(
        "slot_wall_mm", "Slot wall", "mm", 2.0, 5.0, 3.0,
        "Material above and below the slot",
    ),
    Parameter(
        "shell_thickness_mm", "Shell thickness", "mm", 2.5, 6.0, 4.0,
        "Thickness of the part that lies on the bone",
    ),
    Parameter(
        "sleeve_wall_mm", "Sleeve wall", "mm", 2.0, 4.0, 2.5,
        "Material round each wire hole",
    ),
    Parameter(
        "sleeve_length_mm", "Sleeve length", "mm", 6.0, 20.0, 10.0,
        "Length over which a sleeve leads its wire outside the bone",
    ),
    Parameter(
        "wire_spacing_mm", "Wire spacing", "mm", 14.0, 32.0, 24.0,
        "Distance between the two wires of a pair, front to back",
    ),
    Parameter(
        "proximal_wire_mm", "Proximal wires", "mm", 8.0, 16.0, 10.5,
        "Distance of the proximal pair from the cut",
    ),
    Parameter(
        "distal_wire_mm", "Distal wires", "mm", 16.0, 28.0, 19.5,
        "Distance of the distal pair from the cut (the lower one of a closing wedge); the label lies between",
    ),
    Parameter(
        "proximal_contact_mm", "Proximal contact", "mm", 0.0, 14.0, 12.0,
        "Contact face beyond the proximal wires, as far as the joint line leaves room; the flare of the bone"
        " there keeps the guide from sliding",
    ),
    Parameter(
        "distal_contact_mm", "Distal contact", "mm", 0.0, 24.0, 18.0,
        "Contact face beyond the distal wires, as far as the bone is in view",
    ),
    Parameter(
        "unsure_contact_mm", "Distal contact on unsure bones", "mm", 0.0, 30.0, 22.0,
        "Added to the distal contact on bones whose surface is not sure, as those from X-rays: over a longer"
        " lever the same error of the surface tilts the guide less",
    ),
    Parameter(
        "side_contact_mm", "Side contact", "mm", 0.0, 12.0, 8.0,
        "Contact face in front of and behind the slot, as far as the bone faces outwards; it keeps the guide"
        " from rolling round the bone and sliding along it",
    ),
    Parameter(
        "bridge", "Bridge unsure bone", SWITCH, 0.0, 1.0, 1.0,
        "Lets the guide bridge the face between the outlines that two X-rays show, on bones not quite sure,"
        " where that promises a truer cut",
    ),
    Parameter(
        "hinge_pin", "Hinge pin", SWITCH, 0.0, 1.0, 1.0,
        "A wire from between the proximal pair that ends the saw at the hinge",
    ),
    Parameter(
        "second_slot", "Second slot", SWITCH, 0.0, 1.0, 0.0,
        "A slot for the ascending cut behind the tuberosity of a biplanar osteotomy",
    ),
    Parameter(
        "windows", "Windows", SWITCH, 0.0, 1.0, 1.0,
        "Round windows that show whether the contact face lies on the bone",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """The chosen value of every parameter, mm, and what presets add to them.

    ``unsure`` says that the bones state how far their surface may be off.
    """

    bone_clearance_mm: float
    slot_clearance_mm: float
    wire_clearance_mm: float
    printer_compensation_mm: float
    blade_thickness_mm: float
    wire_diameter_mm: float
    slot_width_mm: float
    slot_depth_mm: float
    slot_wall_mm: float
    shell_thickness_mm: float
    sleeve_wall_mm: float
    sleeve_length_mm: float
    wire_spacing_mm: float
    proximal_wire_mm: float
    distal_wire_mm: float
    proximal_contact_mm: float
    distal_contact_mm: float
    unsure_contact_mm: float
    side_contact_mm: float
    bridge: float
    hinge_pin: float
    second_slot: float
    windows: float
    presets: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)
    drill_holes: tuple[tuple[float, float, float], ...] = ()
    painting: tuple[Stroke, ...] = ()
    unsure: bool = False

    @property
    def distal_reach_mm(self) -> float:
        """Contact face beyond the distal wires, as sure as the bones of this design are."""
        return self.distal_contact_mm + (self.unsure_contact_mm if self.unsure else 0.0)

    @property
    def slot_thickness_mm(self) -> float:
        """Blade, its play on both sides and the printer's compensation."""
        return self.blade_thickness_mm + 2 * self.slot_clearance_mm + self.printer_compensation_mm

    @property
    def hole_diameter_mm(self) -> float:
        """Wire, its play and the printer's compensation."""
        return self.wire_diameter_mm + self.wire_clearance_mm + self.printer_compensation_mm

    @property
    def sleeve_diameter_mm(self) -> float:
        """Outer diameter of a wire sleeve."""
        return self.hole_diameter_mm + 2 * self.sleeve_wall_mm

    def numbers(self) -> dict[str, float]:
        """The parameters by name."""
        return {parameter.name: getattr(self, parameter.name) for parameter in PARAMETERS}


def presets_document() -> list[dict[str, Any]]:
    """The parameters as plain data, for a form."""
    return [asdict(parameter) for parameter in PARAMETERS]


def settings(
    parameters: Mapping[str, Any] | None = None,
    presets: Sequence[str] = (),
    site_presets: Path | None = None,
    painting: Any = None,
) -> Settings:
    """Defaults, over them the presets in their order, over those the given parameters; and what was painted.

    Raises:
        InputError: an unknown parameter or preset, a value that is no number or out of range, or
            ``bad_painting``.
    """
    if parameters is not None and not isinstance(parameters, Mapping):
        raise InputError("bad_parameter", "The guide parameters are no object", "Give names with numbers")
    chosen = read_presets(presets, site_presets)
    given: dict[str, Any] = {}
    for preset in chosen:
        given |= preset.get("parameters", {})
    given |= dict(parameters or {})
    values: dict[str, Any] = {
        parameter.name: _value(parameter, given.pop(parameter.name, None)) for parameter in PARAMETERS
    }
    if given:
        raise InputError(
            "unknown_parameter",
            f"Unknown guide parameter: {', '.join(sorted(map(str, given)))}",
            f"Known are {', '.join(p.name for p in PARAMETERS)}",
        )
    holes = tuple(tuple(map(float, hole)) for preset in chosen for hole in preset.get("drill_holes", []))
    return Settings(
        **values,
        presets=tuple(presets),
        rules=Rules.of(chosen),
        drill_holes=holes,  # type: ignore[arg-type]
        painting=read_strokes(painting),
    )


def _value(parameter: Parameter, value: Any) -> float:
    if value is None:
        return parameter.default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(
            "bad_parameter", f"{parameter.label} is not a number", f"Give a number in {parameter.unit}"
        )
    switch = parameter.unit == SWITCH
    if not parameter.min <= value <= parameter.max or (switch and value not in (0, 1)):
        raise InputError(
            "parameter_out_of_range",
            f"{parameter.label} of {value:g} {parameter.unit} is out of range",
            f"Choose {parameter.min:g} {'or' if switch else 'to'} {parameter.max:g} {parameter.unit}",
        )
    return float(value)
