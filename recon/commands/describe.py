"""``python -m recon describe``: what the networks of a configuration are made of."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

HELP = "layers, channels, parameters and FLOPs of a configuration's networks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = "Build every network of a configuration without allocating it, and count."
    parser.add_argument("--config", type=Path, required=True, help="recon/configs/NAME.toml")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of tables")


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from recon.networks.describe import describe_config

    result = describe_config(options.config)
    print(json.dumps(result) if options.json else "\n\n".join(_pages(result)))  # noqa: T201


def _pages(result: dict[str, Any]) -> list[str]:
    """A table of layers for each network, then one of the networks."""
    pages = []
    for part, network in result["networks"].items():
        rows = [
            [
                layer["name"],
                layer["type"],
                f"{layer['channels_in']} -> {layer['channels_out']}",
                "x".join(map(str, layer["kernel"] or [])),
                f"{layer['parameters']:,}",
                f"{layer['flops'] / 1e9:,.3f}" if layer["flops"] else "",
            ]
            for layer in network["layers"]
        ]
        headings = [f"{part}: {network['kind']}", "type", "channels", "kernel", "parameters", "GFLOP"]
        pages.append(_table(headings, rows))
    rows = [
        [
            part,
            network["kind"],
            " x ".join(map(str, network["input"])),
            " - ".join(map(str, network["decoder"])),
            f"{network['parameters'] / 1e6:,.2f} M",
            f"{network['flops_encode'] / 1e9:,.1f}",
            f"{network['flops_per_point'] / 1e6:,.3f}",
        ]
        for part, network in result["networks"].items()
    ]
    headings = ["network", "kind", "input", "decoder", "parameters", "GFLOP to encode", "MFLOP a point"]
    return [*pages, _table(headings, rows), f"FLOPs: {result['flop_convention']}"]


def _table(headings: list[str], rows: list[list[str]]) -> str:
    """Rows under headings, columns as wide as they need."""
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in [headings, *rows]
    )
