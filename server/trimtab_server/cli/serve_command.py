"""``trimtab serve``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import typer

from .exits import CommandError, ExitCode


def serve(context: typer.Context) -> None:
    """Serve planning over gRPC until SIGTERM or Ctrl-C; `trimtab serve --help` lists all settings."""
    from ..config import SettingsError, read_settings
    from ..sampling.policy import sample_policy_folder

    # a variable of the user, and a flag, come first
    environment = {"TRIMTAB_POLICY": str(sample_policy_folder()), **_set(os.environ)}
    try:
        settings = read_settings(context.args, environment)
    except SettingsError as error:
        raise CommandError(ExitCode.USAGE, str(error).splitlines()) from error

    from ..app import serve as run
    from .announcement import configure_announced_logging

    configure_announced_logging(settings.log_level, str(settings.policy or "none of its own"))
    try:
        asyncio.run(run(settings))
    except RuntimeError as error:
        raise CommandError(ExitCode.SERVER_UNAVAILABLE, [f"the server cannot run: {error}"]) from error


def _set(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if value}
