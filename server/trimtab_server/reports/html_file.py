"""Reports as one HTML file that needs nothing else: no script, no network, style within, for screens and paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from .charts import describe_tile, heat_of, is_dense, kinds_in, share, ticks
from .model import Digest, HeatMap, Items, Line, Part, Report, Table, Timeline, whole
from .quantities import more, spell_seconds
from .safe_text import clean

_HERE = Path(__file__).parent
_ARROW = Markup('<span class="whole">-&gt;</span>')
"""Browsers break lines after a hyphen; joining with it escapes what it joins."""


def html_of(report: Report) -> str:
    """The whole report, every row; whatever guests and hosts are called, it is text and nothing else."""
    return _template().render(report=report, title=whole(report.verdict.parts), style=_style()) + "\n"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.tests |= {
        "line": lambda block: isinstance(block, Line),
        "items": lambda block: isinstance(block, Items),
        "table": lambda block: isinstance(block, Table),
        "digest": lambda part: isinstance(part, Digest),
        "heat_map": lambda block: isinstance(block, HeatMap),
        "timeline": lambda block: isinstance(block, Timeline),
    }
    environment.globals |= {
        "more": more,
        "heat_of": heat_of,
        "is_dense": is_dense,
        "describe_tile": describe_tile,
        "ticks": ticks,
        "kinds_in": kinds_in,
        "spell_seconds": spell_seconds,
        "share": share,
        "in_attribute": in_attribute,
    }
    return environment.get_template("report.html.j2")


@cache
def _style() -> Markup:
    files = (_HERE / name for name in ("report.css", "charts.css"))
    return Markup("".join(file.read_text(encoding="utf-8") for file in files))  # noqa: S704 - files of this package


def in_attribute(text: str) -> Markup:
    """The text as the value of an attribute, in which there are no elements."""
    return escape(clean(text))


def _printable(value: Part | Markup) -> object:
    """Characters that cannot be seen, or that turn the direction of text, written out before anything is escaped."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else _ARROW.join(clean(value).split("->"))
