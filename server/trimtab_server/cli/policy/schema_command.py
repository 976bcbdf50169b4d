"""``trimtab policy schema``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there instead of to stdout.")
    ] = None,
) -> None:
    """Print the JSON Schema of policy documents.

    Editors with a YAML language server check and complete a file whose first line names the schema:
    # yaml-language-server: $schema=PATH
    """
    from trimtab_solver.authoring.schema import schema_text

    if output is None:
        print(schema_text(), end="")
    else:
        output.write_text(schema_text(), encoding="utf-8")
