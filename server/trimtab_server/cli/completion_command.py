"""``trimtab completion``."""

from __future__ import annotations

import enum
import os
from typing import Annotated

import typer


class Shell(enum.StrEnum):
    """Shells whose lines can be completed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)],
) -> None:
    """Print the script that completes commands, options and values in a shell.

    bash: add eval "$(trimtab completion bash)" to ~/.bashrc. zsh: the same with zsh, in ~/.zshrc after compinit.
    fish: trimtab completion fish > ~/.config/fish/completions/trimtab.fish
    """
    root = context.find_root()
    # the way in which the parser's own scripts ask it
    os.environ["_TRIMTAB_COMPLETE"] = f"source_{shell.value}"
    root.command.main(args=[], prog_name=root.info_name)
