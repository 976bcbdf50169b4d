"""Reports as one HTML file that needs nothing else: no script, no network, style within, for screens and paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from .model import Digest, Items, Line, Part, Report, Table, whole
from .quantities import more
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
    }
    environment.globals["more"] = more
    return environment.get_template("report.html.j2")


@cache
def _style() -> Markup:
    return Markup((_HERE / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - a file of this package


def _printable(value: Part | Markup) -> object:
    """Characters that cannot be seen, or that turn the direction of text, written out before anything is escaped."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else _ARROW.join(clean(value).split("->"))
