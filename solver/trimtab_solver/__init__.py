"""trimtab: plans for virtual-machine clusters whose hosts fail. `planner.plan_recovery` is the way in."""
