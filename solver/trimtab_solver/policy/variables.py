"""What expressions can see: variables of guests, hosts, storage pools and the event, and how each is read."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..failures import Event
from ..snapshot import Host, StoragePool, Vm
from ..topology import Topology


class Shape(enum.Enum):
    """The type of a variable, as far as expressions care."""

    STRING = "string"
    INT = "int"
    STRINGS = "list of strings"
    STRING_MAP = "map of strings"
    INT_MAP = "map of ints"

    @property
    def is_map(self) -> bool:
        """Whether the variable has keys."""
        return self in (Shape.STRING_MAP, Shape.INT_MAP)


class Returns(enum.StrEnum):
    """What an expression must give."""

    BOOL = "bool"
    STRING = "string"


class ExpressionScope(enum.StrEnum):
    """What an expression is evaluated on. Every scope sees the event as well."""

    VM = "vm"
    HOST = "host"
    POOL = "pool"
    EVENT = "event"

    @property
    def noun(self) -> str:
        """What one of them is called."""
        return _NOUNS[self]


_NOUNS: Final = {
    ExpressionScope.VM: "guest",
    ExpressionScope.HOST: "host",
    ExpressionScope.POOL: "storage pool",
    ExpressionScope.EVENT: "event",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """One name that expressions may use; `read` takes the guest, host or event and the topology."""

    name: str
    shape: Shape
    read: Callable[[Any, Topology], Any]


def _vm(field: str, shape: Shape, read: Callable[[Vm], Any]) -> Variable:
    return Variable(f"vm.{field}", shape, lambda vm, _: read(vm))


def _host(field: str, shape: Shape, read: Callable[[Host], Any]) -> Variable:
    return Variable(f"host.{field}", shape, lambda host, _: read(host))


def _pool(field: str, shape: Shape, read: Callable[[StoragePool], Any]) -> Variable:
    return Variable(f"pool.{field}", shape, lambda pool, _: read(pool))


def _event(field: str, shape: Shape, read: Callable[[Event], Any]) -> Variable:
    return Variable(f"event.{field}", shape, lambda event, _: read(event))


_EVENT = (
    _event("hardware_failures", Shape.INT, lambda event: event.hardware_failures),
    _event("failed_hosts", Shape.INT, lambda event: event.failed_hosts),
    _event("failed_domains", Shape.STRINGS, lambda event: event.failed_domains),
    _event("displaced_vms", Shape.INT, lambda event: event.displaced_vms),
)

_VM = (
    _vm("id", Shape.STRING, lambda vm: vm.id),
    _vm("tenant", Shape.STRING, lambda vm: vm.tenant),
    _vm("tier", Shape.STRING, lambda vm: vm.tier),
    _vm("labels", Shape.STRING_MAP, lambda vm: vm.labels),
    _vm("group", Shape.STRING, lambda vm: vm.group),
    _vm("state", Shape.STRING, lambda vm: vm.state.value),
    # where it is or was, as the snapshot says: the source of a guest that is migrating
    _vm("host", Shape.STRING, lambda vm: vm.host_id),
    _vm("home_host", Shape.STRING, lambda vm: vm.home_host_id),
    _vm("storage_pool", Shape.STRING, lambda vm: vm.storage_pool_id),
    _vm("migratability", Shape.STRING, lambda vm: vm.migratability.value),
    _vm("device_needs", Shape.STRINGS, lambda vm: vm.device_needs),
    _vm("requested", Shape.INT_MAP, lambda vm: vm.requested),
    _vm("guaranteed", Shape.INT_MAP, lambda vm: vm.guaranteed),
)

_HOST = (
    _host("id", Shape.STRING, lambda host: host.id),
    _host("labels", Shape.STRING_MAP, lambda host: host.labels),
    _host("capabilities", Shape.STRINGS, lambda host: host.capabilities),
    _host("state", Shape.STRING, lambda host: host.state.value),
    _host("cpu_generation", Shape.INT, lambda host: host.cpu_generation),
    _host("storage_pools", Shape.STRINGS, lambda host: host.storage_pool_ids),
    _host("capacity", Shape.INT_MAP, lambda host: host.capacity),
    Variable(
        "host.domains",
        Shape.STRING_MAP,
        lambda host, topology: topology.domains(host.id),
    ),
)

_POOL = (
    _pool("id", Shape.STRING, lambda pool: pool.id),
    _pool("kind", Shape.STRING, lambda pool: pool.kind.value),
    _pool("labels", Shape.STRING_MAP, lambda pool: pool.labels),
)


def identity(scope: ExpressionScope) -> str:
    """The variable that stands for which guests, hosts, or pools, there are."""
    return f"{scope.value}.id"


def _by_name(*groups: tuple[Variable, ...]) -> Mapping[str, Variable]:
    return {variable.name: variable for group in groups for variable in group}


VARIABLES: Final[Mapping[ExpressionScope, Mapping[str, Variable]]] = {
    ExpressionScope.VM: _by_name(_VM, _EVENT),
    ExpressionScope.HOST: _by_name(_HOST, _EVENT),
    ExpressionScope.POOL: _by_name(_POOL, _EVENT),
    ExpressionScope.EVENT: _by_name(_EVENT),
}
"""By scope, then by name."""
