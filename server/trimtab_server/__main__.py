"""``python -m trimtab_server``: serve until told to stop.

Exit codes: 0 stopped, 2 wrong settings or policy, 5 failed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from trimtab_solver.errors import RefusedError

from .app import serve
from .config import SettingsError, read_settings
from .logs import configure_logging


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; gives the exit code."""
    try:
        settings = read_settings(sys.argv[1:] if arguments is None else arguments)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    lines = configure_logging(settings.log_level)
    try:
        asyncio.run(serve(settings, lines))
    except RefusedError as error:
        print(f"the server's policy is refused:\n{error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"the server cannot run: {error}", file=sys.stderr)
        return 5
    finally:
        lines.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
