"""The closed set of answers, and what an answer carries."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from .actions import Plan
from .quarantine import Quarantined


class Outcome(enum.StrEnum):
    """What came of a request. A time-out is FEASIBLE with a gap; there is no silent fall-back."""

    NO_ACTION_NEEDED = "NO_ACTION_NEEDED"
    """Everything wanted runs, no must rule is broken, every record makes sense, and nothing can be improved."""
    OPTIMAL = "OPTIMAL"
    """The plan is proven best at every level. It may be empty: something is wrong that no action can mend."""
    FEASIBLE = "FEASIBLE"
    """A verified plan; some level is not proven, its gap says by how much."""
    UNREACHABLE = "UNREACHABLE"
    """More could run, or less be broken, but no safe order of actions leads there; the plan goes as far as is safe."""
    INFEASIBLE = "INFEASIBLE"
    """Proven: a guest whose tier must run cannot run in any state the rules allow; the plan saves what can be saved."""
    REFUSED = "REFUSED"
    """The input is wrong; nothing was planned."""
    STALE = "STALE"
    """The plan was made for another snapshot or policy."""


@dataclass(frozen=True, slots=True)
class LevelValue:
    """One level of the objective: lower is better, zero is perfect.

    `bound` holds for the values reached at the levels above it; ``value == bound`` is a proof of optimality.
    """

    name: str
    value: int
    bound: int

    @property
    def gap(self) -> int:
        """How much better, at most, another plan could be at this level."""
        return self.value - self.bound


@dataclass(frozen=True, slots=True)
class Progress:
    """The best target so far: which engine found it, after how many seconds, value and bound per level."""

    engine: str
    elapsed_s: float
    levels: tuple[LevelValue, ...]


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """What a given number of migrations buys: the best values found with at most `allowed_moves` guests moved.

    `share_percent` is the share of the running guests that was asked for; `moves` is how many guests the state that
    has these values moves. Its way there is not ordered, nor verified, as the plan's is.
    """

    share_percent: float
    allowed_moves: int
    moves: int
    levels: tuple[LevelValue, ...]


@dataclass(frozen=True, slots=True)
class StaysDown:
    """A wanted guest that does not run after the plan, and why."""

    vm_id: str
    tier: str
    reason: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A key of a rule that is broken after the plan, as the judges of the verifier count it."""

    rule: str
    """Name of the document; ``(suitability)`` or ``(room)`` where none is the reason."""
    level: str
    """``must`` or ``should``; load above a threshold of a Balance is a should."""
    key: str
    """What is broken, in words: which group, domain, guest or host."""
    amount_before: int
    """The amount of breach in the snapshot; docs/concepts.md says what each kind counts."""
    amount_after: int
    """The amount at the end of the plan, above 0."""
    host_id: str = ""
    """The host it is about, if it is about one host or a guest on it."""
    vm_id: str = ""
    """The guest it is about, if it is about a single one."""

    @property
    def is_must(self) -> bool:
        """Whether no action may worsen it."""
        return self.level == "must"

    @property
    def is_document(self) -> bool:
        """Whether a document of the policy is broken, rather than what docs/concepts.md asks of every cluster."""
        return not self.rule.startswith("(")


@dataclass(frozen=True, slots=True)
class Blocker:
    """A guest that runs, after the plan, on a host that is to be emptied."""

    vm_id: str
    tier: str
    host_id: str
    emptied_by: str
    """Why the host is to be emptied: its state (``DRAINING``, ``MAINTENANCE``), or the name of a Maintenance."""
    reason: str
    """Why it stays, in words."""
    rules: tuple[str, ...] = ()
    """Names of the policy documents that stand in the way."""


@dataclass(frozen=True, slots=True)
class TierCount:
    """The wanted guests of one tier, counted by what became of them and what the plan does with them."""

    tier: str
    """Name of its document."""
    wanted: int = 0
    ran_before: int = 0
    """Running now, or displaced by the failure."""
    displaced: int = 0
    restarted: int = 0
    """Displaced, and running after the plan."""
    started: int = 0
    """Waiting or suspended before, and running after the plan."""
    moved: int = 0
    shrunk: int = 0
    """Running after the plan with less than requested."""
    suspended: int = 0
    stopped: int = 0
    interrupted: int = 0
    """Stopped or suspended on the way, and running after the plan."""
    stays_down: int = 0
    runs_after: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the answer rests on, so that anybody can check it again."""

    snapshot_digest: str
    policy_digest: str
    engine_versions: tuple[tuple[str, str], ...]
    seed: int
    reproducible: bool
    verified: bool


class FaultKind(enum.StrEnum):
    """What an engine did wrong."""

    RAISED = "RAISED"
    """It, or what makes a plan of its target, ended with an exception."""
    HUNG = "HUNG"
    """It did not return."""
    NONSENSE = "NONSENSE"
    """Its target cannot be one: a guest is where it may not be, or there is no such host."""
    FALSE_PROOF = "FALSE_PROOF"
    """A verified plan, or its own target, contradicts what it has proven."""
    REJECTED = "REJECTED"
    """The verifier rejects the plan that leads to its target."""
    MISCOUNTED = "MISCOUNTED"
    """The verifier counts other values than the engines do."""


@dataclass(frozen=True, slots=True)
class EngineFault:
    """A defect of an engine, or of what makes a plan of its target.

    In place of an engine stand ``frontier`` (those that look for its points) and ``finishing`` (the last touches).

    It cost no more than what that engine would have contributed.
    """

    engine: str
    what: FaultKind
    message: str

    @property
    def note(self) -> str:
        """The fault in words."""
        return f"{self.what} (engine {self.engine}), please report it: {self.message}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The verified plan and everything an operator asks about it."""

    outcome: Outcome
    plan: Plan
    levels: tuple[LevelValue, ...]
    stays_down: tuple[StaysDown, ...]
    certificate: Certificate
    engine: str
    """The engine whose target the plan reaches: ``greedy``, ``search``, ``room-pricing``, ``column-generation``,
    ``neighbourhoods`` or ``exact``.

    ``earlier`` is that of the warm start, mended; ``refined`` was found when moves of another proved impossible;
    ``none`` does nothing.
    """
    hardware_failures: int
    notes: tuple[str, ...] = field(default=())
    """Warnings, moves that had to be dropped and faults of engines, in words."""
    engine_faults: tuple[EngineFault, ...] = field(default=())
    """What engines did wrong; the plan is verified all the same."""
    frontier: tuple[FrontierPoint, ...] = field(default=())
    """One point per share asked for in `PlanOptions.frontier`, in that order."""
    tiers: tuple[TierCount, ...] = field(default=())
    """Every tier that has guests, highest rank first."""
    broken_rules: tuple[BrokenRule, ...] = field(default=())
    """All that is broken after the plan: must rules first, then in the order of the documents."""
    blockers: tuple[Blocker, ...] = field(default=())
    """Guests that stay on hosts that are to be emptied, in the order of the snapshot."""
    quarantined: tuple[Quarantined, ...] = field(default=())
    """Guests that the plan leaves alone because their records make no sense, in the order of the snapshot."""
