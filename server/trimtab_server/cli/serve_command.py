"""``trimtab serve``."""

from __future__ import annotations

import asyncio

import typer

from .exits import CommandError, ExitCode


def serve(context: typer.Context) -> None:
    """Serve planning over gRPC until SIGTERM or Ctrl-C; `trimtab serve --help` lists all settings."""
    from ..config import SettingsError, read_settings
    from ..sampling.policy import sample_policy_folder

    try:
        settings = read_settings(context.args, policy=sample_policy_folder())
    except SettingsError as error:
        raise CommandError(ExitCode.USAGE, str(error).splitlines()) from error

    from ..app import serve as run
    from .announcement import configure_announced_logging

    lines = configure_announced_logging(settings.log_level, str(settings.policy or "none of its own"))
    try:
        asyncio.run(run(settings, lines))
    except RuntimeError as error:
        raise CommandError(ExitCode.SERVER_UNAVAILABLE, [f"the server cannot run: {error}"]) from error
    finally:
        lines.close()
