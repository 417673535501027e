"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import Any

from reportlab.graphics import renderSVG

from backend.studies.reporting.blocks import Section, Table
from backend.studies.reporting.figures import drawn
from backend.studies.reporting.sections import sections

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;margin:1rem 0;width:100%}
th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #e5e5e5;vertical-align:top;
overflow-wrap:anywhere}th{background:#f5f5f5;overflow-wrap:normal}
svg{max-width:100%;height:auto}figure{margin:1rem 0}
"""


def html(document: dict[str, Any]) -> bytes:
    """UTF-8, the figures inside."""
    title = escape(document["study"]["title"])
    body = "".join(_section(section) for section in sections(document))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>{body}</body></html>\n"
    ).encode()


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    parts += [f"<p>{escape(words)}</p>" for words in section.words]
    for bars in section.figures:
        picture = renderSVG.drawToString(drawn(bars))
        # Without what belongs before a file of its own.
        picture = picture[picture.index("<svg") :]
        parts.append(f'<figure role="img" aria-label="{escape(bars.title)}">{picture}</figure>')
    return "".join([*parts, *(_table(table) for table in section.tables)])


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.headings)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    headed = f"<thead><tr>{head}</tr></thead>" if any(table.headings) else ""
    return f"<table>{headed}<tbody>{rows}</tbody></table>"
