"""Bars of mean and standard deviation, as in the paper's Fig. 3b and 4b: one drawing for paper and screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics.shapes import Drawing, Group, Line, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from backend.core.pdf_fonts import BOLD, FONT, printable

WIDTH, HEIGHT = 480.0, 190.0
_LEFT, _RIGHT, _BOTTOM, _TOP = 40.0, 8.0, 34.0, 34.0
# Apart for the colour-blind, and in grey (Paul Tol's "bright").
COLOURS = (HexColor(0x4477AA), HexColor(0xEE6677))
_GRID, _INK = HexColor(0xDDDDDD), HexColor(0x222222)
_SIZE = 8.0


@dataclass(frozen=True)
class Bars:
    """A group of bars for each label, one a series.

    Attributes:
        title: what is measured, with its unit.
        labels: below the groups.
        series: names of the series, two at most.
        means: (series, labels), none where there is nothing.
        spreads: (series, labels), none where there is none to draw.
        low: where the axis begins; ``high`` where it ends, found if none.
    """

    title: str
    labels: Sequence[str]
    series: Sequence[str]
    means: Sequence[Sequence[float | None]]
    spreads: Sequence[Sequence[float | None]]
    low: float = 0.0
    high: float | None = None


def drawn(bars: Bars) -> Drawing:
    """The figure, in points."""
    drawing = Drawing(WIDTH, HEIGHT)
    high, step = _axis(bars)
    scale = (HEIGHT - _BOTTOM - _TOP) / (high - bars.low)

    def height(value: float) -> float:
        return _BOTTOM + (min(max(value, bars.low), high) - bars.low) * scale

    for tick in _ticks(bars.low, high, step):
        y = height(tick)
        drawing.add(Line(_LEFT, y, WIDTH - _RIGHT, y, strokeColor=_GRID, strokeWidth=0.5))
        drawing.add(_text(_LEFT - 4, y - 3, f"{tick:g}", "end"))
    legend, begins = _legend(bars.series)
    drawing.add(_title(bars.title, begins))
    drawing.add(legend)
    group = (WIDTH - _LEFT - _RIGHT) / len(bars.labels)
    wide = min(0.36 * group, 30.0)
    for place, label in enumerate(bars.labels):
        middle = _LEFT + (place + 0.5) * group
        drawing.add(_text(middle, _BOTTOM - 12, label, "middle"))
        for number, colour in enumerate(COLOURS[: len(bars.series)]):
            mean, spread = bars.means[number][place], bars.spreads[number][place]
            if mean is None:
                continue
            left = middle + (number - len(bars.series) / 2) * wide
            drawing.add(_bar(left, wide, height(bars.low), height(mean), colour))
            if spread is not None:
                drawing.add(_whisker(left + wide / 2, height(mean - spread), height(mean + spread)))
            if wide >= 16:
                drawing.add(_text(left + wide / 2, _BOTTOM + 3, f"{mean:.2f}", "middle", white=True))
    drawing.add(Line(_LEFT, _BOTTOM, WIDTH - _RIGHT, _BOTTOM, strokeColor=_INK, strokeWidth=0.8))
    return drawing


def _axis(bars: Bars) -> tuple[float, float]:
    """End of the axis, and the distance of its marks."""
    tops = [
        mean + (spread or 0.0)
        for means, spreads in zip(bars.means, bars.spreads, strict=True)
        for mean, spread in zip(means, spreads, strict=True)
        if mean is not None
    ]
    reach = (bars.high if bars.high is not None else max(tops, default=bars.low + 1.0)) - bars.low
    reach = reach if reach > 0 else 1.0
    rough = reach / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    if bars.high is not None:
        return bars.high, step
    return bars.low + step * math.ceil(reach / step * (1 - 1e-9)), step


def _ticks(low: float, high: float, step: float) -> list[float]:
    return [round(low + step * place, 9) for place in range(int((high - low) / step + 1e-6) + 1)]


def _bar(left: float, wide: float, bottom: float, top: float, colour: Color) -> Rect:
    return Rect(
        left + 1, bottom, wide - 2, max(top - bottom, 0.2), fillColor=colour, strokeColor=None, strokeWidth=0
    )


def _whisker(x: float, bottom: float, top: float) -> Group:
    lines = ((x, bottom, x, top), (x - 3, top, x + 3, top), (x - 3, bottom, x + 3, bottom))
    return Group(*(Line(*line, strokeColor=_INK, strokeWidth=0.8) for line in lines))


def _title(title: str, room: float) -> String:
    """The title in letters that leave the legend its room."""
    wide = stringWidth(printable(title), BOLD, _SIZE + 1)
    return _text(0, HEIGHT - 10, title, "start", bold=True, scale=min(1.0, room / wide))


def _legend(series: Sequence[str]) -> tuple[Group, float]:
    """The legend at the right, and where it begins."""
    legend = Group()
    right = WIDTH - _RIGHT
    for name, colour in list(zip(series, COLOURS, strict=False))[::-1]:
        legend.add(_text(right, HEIGHT - 10, name, "end"))
        right -= stringWidth(printable(name), FONT, _SIZE) + 12
        legend.add(Rect(right, HEIGHT - 11, 8, 8, fillColor=colour, strokeColor=None, strokeWidth=0))
        right -= 12
    return legend, right


def _text(
    x: float, y: float, text: str, anchor: str, *, bold: bool = False, white: bool = False, scale: float = 1.0
) -> String:
    return String(
        x,
        y,
        printable(text),
        textAnchor=anchor,
        fontName=BOLD if bold else FONT,
        fontSize=scale * (_SIZE + 1 if bold else _SIZE - 1 if white else _SIZE),
        fillColor=HexColor(0xFFFFFF) if white else _INK,
    )
