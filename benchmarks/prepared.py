"""The subject ``prepared``: what an event costs a prepared cluster, beside preparing it anew.

One host of a healthy cluster of the subject ``vmha`` fails, one host or 50 guests are added, or one guest is moved or
resized, under both of its policies. Both ways start from the snapshot after the event and are measured one after the
other in this process, the garbage collector off: processor time (the median of some runs), and the memory that the
result keeps and that making it took at most.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from benchmarks.vmha.instance import generate, policy_of
from benchmarks.vmha.recipe import LOADS, SIZES, SIZINGS, Recipe, Size
from trimtab_solver.execution.additions import add_guests, add_hosts
from trimtab_solver.execution.events import after_failure, move_guest, resize_guest
from trimtab_solver.prepared import Prepared, prepare
from trimtab_solver.snapshot import Snapshot

_RUNS: Final = 5
_MIB: Final = 1 << 20

EVENTS: Final[Mapping[str, Callable[[Snapshot], Snapshot]]] = {
    "one host lost": lambda state: after_failure(state, [f"host:{state.hosts[0].id}"]),
    "one host added": lambda state: add_hosts(state, state.hosts[0], 1),
    "50 guests added": lambda state: add_guests(state, state.vms[0], 50),
    "one guest moved": lambda state: move_guest(state, state.vms[0].id, state.hosts[-1].id),
    "one guest resized": lambda state: resize_guest(state, state.vms[0].id, {"memory_mib": 1}),
}
"""What happens to the healthy cluster."""


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Each size under both policies; the smallest in smoke mode."""
    for size in SIZES[:1] if selection.smoke else SIZES:
        if selection.has_size(size.name):
            for sizing in SIZINGS:
                for event in EVENTS:
                    yield BenchmarkCase(
                        {"size": size.name, "event": event, "sizing": sizing}, partial(measure, size, sizing, event)
                    )


def measure(size: Size, sizing: str, event: str) -> Row:
    """Prepares the healthy cluster, then what the event makes of it in both ways."""
    instance, policy = generate(Recipe(size, LOADS[1], "small", 1)), policy_of(sizing)
    healthy = prepare(instance.healthy, policy)
    later = EVENTS[event](instance.healthy)
    after, anew = partial(healthy.after, lambda _: later), partial(prepare, later, policy)
    after_cpu_s, anew_cpu_s = _cpu_s(after), _cpu_s(anew)
    return {
        "guests": healthy.problem.vm_count,
        "groups": len(healthy.problem.groups),
        "made": after().made,
        "after_cpu_s": round(after_cpu_s, 5),
        "anew_cpu_s": round(anew_cpu_s, 5),
        "times_faster": round(anew_cpu_s / after_cpu_s, 1),
        **_memory("after", after),
        **_memory("anew", anew),
    }


def _cpu_s(make: Callable[[], Prepared]) -> float:
    """The median processor time of some runs."""
    gc.collect()
    gc.disable()
    try:
        return statistics.median(_once(make) for _ in range(_RUNS))
    finally:
        gc.enable()


def _once(make: Callable[[], Prepared]) -> float:
    began = time.process_time()
    make()
    return time.process_time() - began


def _memory(name: str, make: Callable[[], Prepared]) -> Row:
    """What the result keeps beyond what was there before, and the most that was held while it was made."""
    gc.collect()
    tracemalloc.start()
    try:
        made = make()
        kept, most = tracemalloc.get_traced_memory()
        del made
    finally:
        tracemalloc.stop()
    return {f"{name}_kept_mib": round(kept / _MIB, 2), f"{name}_most_mib": round(most / _MIB, 2)}
