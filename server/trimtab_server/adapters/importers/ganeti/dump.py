"""The text dump of Ganeti's htools, row by row: groups, nodes, instances, cluster tags, instance policies.

Sections are separated by blank lines, fields by ``|``. Later versions of Ganeti append fields to nodes and instances;
those that are missing have the defaults of htools.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from trimtab_solver.errors import Fault, Reason

from ..imported import ImportRefusedError

DEFAULT_VCPU_RATIO = 4.0
"""``ipolicyDefaultsVcpuRatio`` of Ganeti: virtual CPUs per physical one where no instance policy says otherwise."""

_LONGEST_NUMBER = 18

RowT = TypeVar("RowT")


class Storage(enum.Enum):
    """Where the disks of an instance are."""

    LOCAL = "on its node"
    PAIR = "on its primary and secondary node"
    SHARED = "reached by all nodes of the group"
    NONE = "nowhere"


_TEMPLATES = {
    "plain": Storage.LOCAL,
    "file": Storage.LOCAL,
    "drbd": Storage.PAIR,
    "sharedfile": Storage.SHARED,
    "gluster": Storage.SHARED,
    "blockdev": Storage.SHARED,
    "rbd": Storage.SHARED,
    "ext": Storage.SHARED,
    "diskless": Storage.NONE,
}

STATUSES = frozenset(
    (
        *("running", "ADMIN_down", "ADMIN_offline", "USER_down"),
        *("ERROR_down", "ERROR_up", "ERROR_wrongnode", "ERROR_nodedown", "ERROR_nodeoffline"),
    )
)


@dataclass(frozen=True, slots=True)
class Group:
    """A node group."""

    name: str
    uuid: str
    policy: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A node; amounts in MiB. `is_known` is false where Ganeti could not ask it: then its amounts are 0."""

    line: int
    name: str
    memory: int
    memory_of_node: int
    memory_free: int
    cpus: int
    cpus_of_node: int
    is_known: bool
    is_offline: bool
    group: Group
    tags: tuple[str, ...]
    cpu_speed: str


@dataclass(frozen=True, slots=True)
class GanetiInstance:
    """An instance; memory in MiB."""

    line: int
    name: str
    memory: int
    vcpus: int
    status: str
    is_balanced: bool
    primary: Node
    secondary: Node | None
    template: str
    storage: Storage
    tags: tuple[str, ...]
    is_forthcoming: bool


@dataclass(frozen=True, slots=True)
class Dump:
    """A whole file. `vcpu_ratios` is by group name; the cluster's own is under the empty name."""

    groups: tuple[Group, ...]
    nodes: tuple[Node, ...]
    instances: tuple[GanetiInstance, ...]
    cluster_tags: tuple[str, ...]
    vcpu_ratios: dict[str, float]


class _RowError(Exception):
    def __init__(self, message: str, fix: str = "", reason: Reason = Reason.MALFORMED_FILE) -> None:
        super().__init__(message)
        self.message, self.fix, self.reason = message, fix, reason


def parse_dump(text: str, name: str) -> Dump:
    """The dump in `text`; `name` is used in refusals.

    Raises
    ------
    ImportRefusedError
        With a fault for every line that is wrong.
    """
    sections = _sections(text)
    if len(sections) < 4:
        message = (
            f"{len(sections)} sections separated by blank lines; groups, nodes, instances, cluster tags are expected"
        )
        raise ImportRefusedError(
            [Fault(Reason.MALFORMED_FILE, name, message, "give a dump as hscan or hbal -S write it")]
        )
    faults: list[Fault] = []
    groups = _rows(sections[0], name, faults, _group)
    by_uuid = {group.uuid: group for group in groups}
    nodes = _rows(sections[1], name, faults, lambda line, fields: _node(line, fields, by_uuid))
    by_name = {node.name: node for node in nodes}
    _check_repeats(nodes, name, faults)
    # on nodes that could not be read, instances would only repeat the fault
    instances = _rows(sections[2], name, faults, lambda line, row: _instance(line, row, by_name)) if not faults else ()
    tags = _rows(sections[3], name, faults, lambda _, row: "|".join(row))
    policies = sections[4] if len(sections) > 4 else []
    ratios = dict(_rows(policies, name, faults, _ratio))
    if not faults and not nodes:
        faults.append(Fault(Reason.EMPTY_CLUSTER, name, "the cluster has no nodes", "dump a cluster that has nodes"))
    if faults:
        raise ImportRefusedError(faults)
    return Dump(groups, nodes, instances, tags, ratios)


def _sections(text: str) -> list[list[tuple[int, str]]]:
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        # the last newline ends a line, it does not begin another
        lines.pop()
    sections: list[list[tuple[int, str]]] = [[]]
    for number, line in enumerate(lines, 1):
        if line:
            sections[-1].append((number, line))
        else:
            sections.append([])
    return sections


def _rows(
    section: list[tuple[int, str]], name: str, faults: list[Fault], read: Callable[[int, list[str]], RowT]
) -> tuple[RowT, ...]:
    rows: list[RowT] = []
    for number, line in section:
        try:
            if not line.isprintable():
                raise _RowError("there are control characters in the line", "give a dump as hscan or hbal -S write it")
            rows.append(read(number, line.split("|")))
        except _RowError as error:
            faults.append(Fault(error.reason, f"{name}:{number}", error.message, error.fix))
    return tuple(rows)


def _group(_line: int, fields: list[str]) -> Group:
    _need(fields, 3, "group", "name|uuid|allocation policy|tags")
    name, uuid, policy = fields[:3]
    if policy not in ("preferred", "last_resort", "unallocable"):
        raise _RowError(
            f'group {name} has the allocation policy "{policy}"', "use preferred, last_resort or unallocable"
        )
    return Group(name, uuid, policy, _tags(fields, 3))


def _node(line: int, fields: list[str], groups: dict[str, Group]) -> Node:
    _need(fields, 9, "node", "name|memory|node memory|free memory|disk|free disk|cpus|offline|group uuid|...")
    name, flag = fields[0], fields[7]
    if flag not in ("Y", "N", "M"):
        raise _RowError(f'node {name} has the offline flag "{flag}"', "use Y (offline), N, or M (master)")
    if fields[8] not in groups:
        message = f'node {name} is in the unknown group "{fields[8]}"'
        raise _RowError(message, "add the group to the first section", Reason.UNKNOWN_REFERENCE)
    is_known = "?" not in fields[1:7]
    memory, memory_of_node, memory_free, _disk, _free_disk, cpus = (
        [_amount(field, f"node {name}") for field in fields[1:7]] if is_known else [0] * 6
    )
    if not memory and not cpus:
        if flag != "Y" and is_known:
            raise _RowError(f"node {name} has neither memory nor CPUs", "correct its amounts or mark it offline (Y)")
        is_known = False
    return Node(
        line=line,
        name=name,
        memory=memory,
        memory_of_node=memory_of_node,
        memory_free=memory_free,
        cpus=cpus,
        cpus_of_node=_amount(fields[13], f"node {name}") if len(fields) > 13 and is_known else 1,
        is_known=is_known,
        is_offline=flag == "Y" or not is_known,
        group=groups[fields[8]],
        tags=_tags(fields, 10),
        cpu_speed=fields[14] if len(fields) > 14 else "1.0",
    )


def _instance(line: int, fields: list[str], nodes: dict[str, Node]) -> GanetiInstance:
    _need(fields, 10, "instance", "name|memory|disk|vcpus|status|balanced|primary|secondary|disk template|tags|...")
    name, status, balanced, primary, secondary, template = fields[0], *fields[4:9]
    if status not in STATUSES:
        raise _RowError(f'instance {name} has the status "{status}"', f"use one of {', '.join(sorted(STATUSES))}")
    if balanced not in ("Y", "N"):
        raise _RowError(f'instance {name} has the auto-balance flag "{balanced}"', "use Y or N")
    if template not in _TEMPLATES:
        raise _RowError(f'instance {name} has the disk template "{template}"', f"use one of {', '.join(_TEMPLATES)}")
    for node in (primary, secondary):
        if node not in nodes and (node or node is primary):
            message = f'instance {name} is on the unknown node "{node}"'
            raise _RowError(message, "add the node to the second section or correct the name", Reason.UNKNOWN_REFERENCE)
    if secondary == primary and _TEMPLATES[template] is Storage.PAIR:
        raise _RowError(f'instance {name} has "{primary}" as primary and secondary node', "its copies are on two nodes")
    memory, vcpus = _amount(fields[1], f"instance {name}"), _amount(fields[3], f"instance {name}")
    if not memory and not vcpus:
        raise _RowError(f"instance {name} has neither memory nor vcpus", "correct its size")
    return GanetiInstance(
        line=line,
        name=name,
        memory=memory,
        vcpus=vcpus,
        status=status,
        is_balanced=balanced == "Y",
        primary=nodes[primary],
        secondary=nodes[secondary] if secondary else None,
        template=template,
        storage=_TEMPLATES[template],
        tags=_tags(fields, 9),
        is_forthcoming=fields[12:13] == ["Y"],
    )


def _ratio(_line: int, fields: list[str]) -> tuple[str, float]:
    _need(fields, 6, "instance policy", "group|standard|limits|disk templates|vcpu ratio|spindle ratio")
    try:
        ratio = float(fields[4])
    except ValueError as error:
        raise _RowError(f'the vcpu ratio is "{fields[4]}", not a number', "give a ratio such as 4.0") from error
    if not 0.01 <= ratio <= 1000:
        raise _RowError(f"the vcpu ratio is {ratio}", "give a ratio from 0.01 to 1000")
    return fields[0], ratio


def _check_repeats(nodes: tuple[Node, ...], name: str, faults: list[Fault]) -> None:
    first: dict[str, int] = {}
    for node in nodes:
        if first.setdefault(node.name, node.line) != node.line:
            message = f"node {node.name} is listed on line {first[node.name]} already"
            faults.append(Fault(Reason.DUPLICATE_ID, f"{name}:{node.line}", message, "remove one of them"))


def _need(fields: list[str], count: int, what: str, form: str) -> None:
    if len(fields) < count or (not fields[0] and what != "instance policy"):
        message = f"{len(fields)} fields are no {what}" if fields[0] else f"the {what} has no name"
        raise _RowError(message, f"expected {form}")


def _tags(fields: list[str], index: int) -> tuple[str, ...]:
    return tuple(tag for tag in fields[index].split(",") if tag) if len(fields) > index else ()


def _amount(field: str, subject: str) -> int:
    if not field.isascii() or not field.isdigit() or len(field) > _LONGEST_NUMBER:
        raise _RowError(
            f'{subject} has "{field}" where a whole number is expected', "give a number that is not negative"
        )
    return int(field)
