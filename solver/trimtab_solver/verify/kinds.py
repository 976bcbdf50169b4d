"""The kinds of actions as the judge reads them, apart from the table that planner and execution use."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypeGuard, assert_never

from ..actions import ActionKind

OfHost: TypeAlias = Literal[ActionKind.FENCE_HOST, ActionKind.BOOT_HOST, ActionKind.SHUTDOWN_HOST]
BringingUp: TypeAlias = Literal[ActionKind.START, ActionKind.RESUME]
TakingDown: TypeAlias = Literal[ActionKind.STOP, ActionKind.SUSPEND]
Moving: TypeAlias = Literal[ActionKind.MIGRATE_LIVE, ActionKind.MIGRATE_COLD]
Sizing: TypeAlias = Literal[ActionKind.RESIZE]


def is_migration(kind: ActionKind) -> TypeGuard[Moving]:
    """Whether the guest runs on another host afterwards, so that the action has a target host."""
    match kind:
        case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
            return True
        case ActionKind.FENCE_HOST | ActionKind.BOOT_HOST | ActionKind.SHUTDOWN_HOST:
            return False
        case ActionKind.START | ActionKind.RESUME | ActionKind.STOP | ActionKind.SUSPEND | ActionKind.RESIZE:
            return False
        case _:
            assert_never(kind)
