"""``trimtab sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .arguments import Seed
from .exits import CommandError, ExitCode


def sample(
    hosts: Annotated[int, typer.Option("--hosts", metavar="N", help="Hosts.")] = 30,
    vms: Annotated[int, typer.Option("--vms", metavar="N", help="Guests.")] = 240,
    load: Annotated[
        float, typer.Option("--load", metavar="SHARE", help="What all guests need of the capacity that survives.")
    ] = 0.9,
    sites: Annotated[int, typer.Option("--sites", metavar="N", help="Sites.")] = 3,
    spares: Annotated[int, typer.Option("--spares", metavar="N", help="Cold spares among the hosts.")] = 0,
    fail: Annotated[
        list[str] | None,
        typer.Option("--fail", metavar="KIND:ID", help="What fails: host, rack, room, site or feed; repeatable."),
    ] = None,
    misplaced: Annotated[
        float,
        typer.Option("--misplaced", metavar="SHARE", help="Of Gold and Silver: disks on storage below their tier."),
    ] = 0.0,
    seed: Seed = 1,
    force: Annotated[bool, typer.Option("--force", help="Write over an earlier sample in the folder.")] = False,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write snapshot.json and policy/ into.")
    ] = Path("trimtab-sample"),
) -> None:
    """Make up a cluster with Gold, Silver and Bronze guests, break it, and write snapshot and policy."""
    from trimtab_solver.authoring.schema import SCHEMA_FILE, schema_text
    from trimtab_solver.failures import event_of

    from ..files import write_snapshot
    from ..reports.answer import describe_event
    from ..reports.page import Page
    from ..reports.quantities import plural
    from ..reports.sites import count_sites, site_table
    from ..reports.terminal import write_blocks
    from ..sampling import SampleOptions, generate
    from .outputs import check_policy_folder, write_policy

    options = SampleOptions(
        hosts=hosts,
        vms=vms,
        load=load,
        sites=sites,
        fail=tuple(fail or ()),
        seed=seed,
        spares=spares,
        misplaced=misplaced,
    )
    made = generate(options)
    check_policy_folder(output / "policy", made.policy)
    state_file, schema_file = output / "snapshot.json", output / SCHEMA_FILE
    written = [state_file, schema_file, *(output / "policy" / name for name in made.policy)]
    if folders := [str(path) for path in written if path.is_dir()]:
        raise CommandError(ExitCode.USAGE, [f"{folders[0]}: is a folder; name a new folder for the sample"])
    if not force and (there := [str(path) for path in written if path.exists()]):
        fix = "name a new folder, or write over it with --force"
        raise CommandError(ExitCode.USAGE, [f"{there[0]}: is there already; {fix}"])
    output.mkdir(parents=True, exist_ok=True)
    write_policy(output / "policy", made.policy)
    # where the first line of each document tells editors to look for it
    schema_file.write_text(schema_text(), encoding="utf-8")
    write_snapshot(state_file, made.snapshot)

    page = Page()
    state = made.snapshot
    page.line(
        f"{plural(len(state.hosts), 'host')} on {plural(sites, 'site')}, {plural(len(state.vms), 'guest')}; "
        f"all of them together need {made.load:.0%} of what works."
    )
    page.line(describe_event(state, event_of(state).hardware_failures))
    tiers = {vm.id: vm.tier for vm in state.vms}
    names = [tier for tier in ("gold", "silver", "bronze") if tier in set(tiers.values())]
    page.line()
    write_blocks(page, [site_table(count_sites(state, tiers, names), names)])
    page.line()
    page.line(f"Written: {output / 'snapshot.json'}, {output / 'policy'}/")
    page.raw(f"Next:    trimtab plan {output / 'snapshot.json'} --policy {output / 'policy'}")
