"""Scenarios that travel with a request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from trimtab.v1 import policy_service_pb2, scenario_pb2
from trimtab_solver.errors import Fault, Reason
from trimtab_solver.scenarios.scenario import MAX_STEPS, LaterStep, Scenario

_MAX_SECONDS: Final = 999_999
_MAX_MINUTES: Final = 999_999
_RANGES: Final = frozenset({"greater_than_equal", "less_than_equal"})
_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def scenario_from_proto(message: scenario_pb2.Scenario, path: str, faults: list[Fault]) -> Scenario:
    """The scenario in `message`; what is wrong with it is added to `faults`."""
    _check_name(message.name, path, faults)
    return Scenario(name=message.name or path, steps=_steps(message.steps, path, faults))


def policy_scenario_from_proto(message: policy_service_pb2.PolicyScenario, path: str, faults: list[Fault]) -> Scenario:
    """The scenario in `message`, whose first step has fields of its own. As `scenario_from_proto`."""
    _check_name(message.name, path, faults)
    first: dict[str, Any] = {"fail": tuple(message.fail), "drain": tuple(message.drain)}
    if message.HasField("hardware_failures"):
        first["hardware_failures"] = message.hardware_failures
    own = _step(first, path, faults).model_dump(include=set(first))
    return Scenario(name=message.name or path, steps=_steps(message.steps, path, faults), **own)


def _check_name(name: str, path: str, faults: list[Fault]) -> None:
    if not name:
        faults.append(Fault(Reason.INVALID_REQUEST, f"{path}.name", "is empty", "name the scenario"))


def _steps(messages: Sequence[scenario_pb2.ScenarioStep], path: str, faults: list[Fault]) -> tuple[LaterStep, ...]:
    if len(messages) > MAX_STEPS:
        has = f"has {len(messages)} entries"
        faults.append(Fault(Reason.OUT_OF_RANGE, f"{path}.steps", has, f"use at most {MAX_STEPS}"))
        return ()
    steps = []
    for i, message in enumerate(messages):
        where = f"{path}.steps[{i}]"
        steps.append(_step({**_fields(message), **_after(message.after_s, where, faults)}, where, faults))
    return tuple(steps)


def _step(fields: Mapping[str, Any], path: str, faults: list[Fault]) -> LaterStep:
    """The step with the fields; an empty one after adding to `faults` what is wrong with it."""
    try:
        return LaterStep.model_validate(fields)
    except ValidationError as error:
        faults += (_fault(one, path) for one in error.errors(include_url=False))
        return LaterStep()


def _fault(error: ErrorDetails, path: str) -> Fault:
    # names are those of the fields of the message
    parts = (f"[{part}]" if isinstance(part, int) else f".{_WORD.sub('_', part).lower()}" for part in error["loc"])
    reason = Reason.OUT_OF_RANGE if error["type"] in _RANGES else Reason.INVALID_REQUEST
    given = error["input"]
    found = f"is {given}" if isinstance(given, int | str) and given != "" else "is wrong"
    return Fault(reason, path + "".join(parts), found, error["msg"].removeprefix("Value error, "))


def _after(seconds: int, path: str, faults: list[Fault]) -> dict[str, str]:
    if not seconds:
        return {}
    if 0 < seconds <= _MAX_SECONDS:
        return {"after": f"{seconds}s"}
    if 0 < seconds <= 60 * _MAX_MINUTES and seconds % 60 == 0:
        return {"after": f"{seconds // 60}m"}
    fix = f"use 0 to {_MAX_SECONDS}, or whole minutes up to {60 * _MAX_MINUTES}"
    faults.append(Fault(Reason.OUT_OF_RANGE, f"{path}.after_s", f"is {seconds}", fix))
    return {}


def _fields(message: scenario_pb2.ScenarioStep) -> dict[str, Any]:
    """The fields of a `LaterStep`, its time aside; those that say nothing are left out."""
    fields: dict[str, Any] = {
        "policy": message.policy or None,
        "recover": tuple(message.recover),
        "remove": tuple(message.remove),
        "add_hosts": [_more_hosts(more) for more in message.add_hosts],
        "add_guests": [_more_guests(more) for more in message.add_guests],
        "scale": [{"select": _selector(one.select), "percent": dict(one.percent)} for one in message.scale],
        "degrade": [{"parts": tuple(one.parts), "capacity": dict(one.capacity)} for one in message.degrade],
        "drain": tuple(message.drain),
        "fail": tuple(message.fail),
    }
    if message.HasField("hardware_failures"):
        fields["hardware_failures"] = message.hardware_failures
    if message.HasField("carry_out"):
        fields["carry_out"] = message.carry_out
    return fields


def _more_hosts(message: scenario_pb2.MoreHosts) -> dict[str, Any]:
    fields: dict[str, Any] = {"like": message.like, "domains": tuple(message.domains) or None}
    return {**fields, "number": message.number} if message.HasField("number") else fields


def _more_guests(message: scenario_pb2.MoreGuests) -> dict[str, Any]:
    model = message.WhichOneof("model")
    fields: dict[str, Any] = {"tier": message.tier or None}
    if model is not None:
        fields[model] = message.like if model == "like" else message.group
    return {**fields, "number": message.number} if message.HasField("number") else fields


def _selector(message: scenario_pb2.GuestSelector) -> dict[str, Any]:
    fields = {"ids": tuple(message.ids), "match_labels": dict(message.match_labels), "cel": message.cel}
    return {name: value for name, value in fields.items() if value}
