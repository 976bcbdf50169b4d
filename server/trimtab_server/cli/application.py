"""The application: every command, and what becomes of a user's mistakes."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from . import (
    completion_command,
    demo_command,
    explain_command,
    export_command,
    import_command,
    plan_command,
    sample_command,
    serve_command,
    verify_command,
    warm_up_command,
    whatif_command,
)
from .exits import CommandError, ExitCode
from .policy import policy
from .usage import PlainTyper, plain_refusal


class ReportingGroup(TyperGroup):
    """Turns mistakes of the user into lines on stderr and an exit code. Anything else is a defect and shows itself."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        # the solver's errors need none of the heavy libraries
        from trimtab_solver.errors import RefusedError

        try:
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                error.message = plain_refusal(error.message)
                raise
            finally:
                sys.stdout.flush()
        except CommandError as error:
            lines, code = error.lines, error.code
        except RefusedError as refusal:
            lines, code = tuple(str(fault) for fault in refusal.faults), ExitCode.USAGE
        except KeyboardInterrupt:
            lines, code = ("interrupted",), ExitCode.INTERRUPTED
        except BrokenPipeError:
            lines, code = (), ExitCode.NOBODY_READS
            _discard_output()
        except OSError as error:
            if error.filename is None and error.errno != errno.ENOSPC:
                raise
            lines, code = (f"{error.filename or 'standard output'}: {error.strerror}",), ExitCode.USAGE
            if error.filename is None:
                _discard_output()
        from ..reports.safe_text import clean

        for line in lines:
            print(clean(line), file=sys.stderr)
        raise typer.Exit(code)


def _discard_output() -> None:
    """What could not be written is not tried again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"trimtab {version('trimtab')}")
        raise typer.Exit


application = PlainTyper(
    cls=ReportingGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@application.callback()
def _root(
    version: bool = typer.Option(False, "--version", help="Show the version.", callback=_show_version, is_eager=True),
) -> None:
    """Plan the recovery of virtual-machine clusters: verified action plans when hosts fail.

    Exit codes: 0 the plan serves everybody, or nothing is to be done; 1 a rule stays broken or a guest stays down
    (verify: the plan is refused); 2 wrong arguments or input; 3 infeasible or unreachable; 4 tests failed; 5 the
    server is unavailable.
    """


application.command("demo", short_help="Watch a rack fail and the verified plan come back.")(demo_command.demo)
application.command("plan", short_help="Plan the recovery of a cluster.")(plan_command.plan)
application.command("whatif", short_help="Say what would come of failures and changes.")(whatif_command.whatif)
application.command("verify", short_help="Check a plan file with the separate verifier.")(verify_command.verify)
application.command("explain", short_help="Say why a guest runs or not, or why not on a host.")(explain_command.explain)
application.command("sample", short_help="Make up a cluster and break it.")(sample_command.sample)
application.command("import", cls=import_command.ImportCommand, short_help="Read the files of another tool.")(
    import_command.import_
)
application.command("export", cls=export_command.ExportCommand, short_help="Write a plan for what executes it.")(
    export_command.export
)
application.command(
    "serve",
    short_help="Serve planning over gRPC.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)(serve_command.serve)
application.command("warm-up", short_help="Compile what plans are made with, once per machine.")(
    warm_up_command.warm_up
)
application.command("completion", short_help="Print the script that completes lines in a shell.")(
    completion_command.completion
)
application.add_typer(policy, name="policy")
