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
th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #e5e5e5;vertical-align:top}
th{background:#f5f5f5}td.long{overflow-wrap:anywhere;min-width:14rem}
svg{width:100%;max-width:46rem;height:auto}svg text{font-family:system-ui,sans-serif!important}
figure{margin:1rem 0}
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
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    headed = f"<thead><tr>{head}</tr></thead>" if any(table.headings) else ""
    return f"<table>{headed}<tbody>{rows}</tbody></table>"


def _cell(text: str) -> str:
    """Only a hash may be broken anywhere; numbers stay whole."""
    long = " " not in text and len(text) > 30
    return f"{'<td class=long>' if long else '<td>'}{escape(text)}</td>"
