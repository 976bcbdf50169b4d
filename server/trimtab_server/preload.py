"""What the fork server does before the first request: solver processes are forked with all of this done."""

from trimtab_solver.warm_up import warm_up

warm_up()
