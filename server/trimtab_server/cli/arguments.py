"""Arguments that several commands share."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Final

import typer

from .durations import parse_duration

MAX_SEED: Final = 2**31 - 1

SnapshotFile = Annotated[
    Path,
    typer.Argument(
        metavar="SNAPSHOT", help="State of the cluster: .json, .json.gz, .pb or .pb.zst; - is standard input."
    ),
]
PolicyFolder = Annotated[Path, typer.Option("--policy", metavar="DIR", help="Folder (or file) with the policy.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=MAX_SEED, help="Starting point of every random choice.")]
Deadline = Annotated[
    float,
    typer.Option("--deadline", metavar="TIME", parser=parse_duration, help="Time to search: 500ms, 10s, 2m."),
]
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=0, help="Rows per list of a table; 0 shows all."),
]


class Format(enum.StrEnum):
    """How an answer is written to stdout."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"
    HTML = "html"


class Rendering(enum.StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
