"""Scenarios on the wire, next to the same scenarios as files have them."""

from __future__ import annotations

import dataclasses

import pytest

from trimtab.v1 import policy_service_pb2, scenario_pb2, what_if_service_pb2
from trimtab_server.convert.scenario import policy_scenario_from_proto, scenario_from_proto
from trimtab_solver.authoring.scenario_files import read_scenarios
from trimtab_solver.errors import Fault, Reason
from trimtab_solver.policy.documents import Selector, Strict
from trimtab_solver.scenarios.scenario import Degradation, Demand, LaterStep, MoreGuests, MoreHosts, Scenario
from trimtab_solver.what_if.verdicts import TierFate

FILE = b"""\
scenarios:
  - name: all
    steps:
      - after: 2h
        policy: new
        recover: [host:h1]
        remove: [host:h2]
        addHosts: [{like: h3, number: 2, domains: [r4]}, {like: h3}]
        addGuests: [{like: a, number: 3, tier: gold}, {group: shop}]
        scale: [{select: {ids: [a], matchLabels: {k: v}, cel: vm.tier == 'gold'}, percent: {memory_mib: 120}}]
        degrade: [{parts: [rack:r1], capacity: {memory_mib: 50}}]
        drain: [host:h4]
        fail: [pool:p1]
        hardwareFailures: 0
      - {fail: [host:h5], carryOut: false}
"""
STEP = scenario_pb2.ScenarioStep(
    after_s=7200,
    policy="new",
    recover=["host:h1"],
    remove=["host:h2"],
    add_hosts=[scenario_pb2.MoreHosts(like="h3", number=2, domains=["r4"]), scenario_pb2.MoreHosts(like="h3")],
    add_guests=[scenario_pb2.MoreGuests(like="a", number=3, tier="gold"), scenario_pb2.MoreGuests(group="shop")],
    scale=[
        scenario_pb2.Demand(
            select=scenario_pb2.GuestSelector(ids=["a"], match_labels={"k": "v"}, cel="vm.tier == 'gold'"),
            percent={"memory_mib": 120},
        )
    ],
    degrade=[scenario_pb2.Degradation(parts=["rack:r1"], capacity={"memory_mib": 50})],
    drain=["host:h4"],
    fail=["pool:p1"],
    hardware_failures=0,
)
LATER = scenario_pb2.ScenarioStep(fail=["host:h5"], carry_out=False)


def after_s(scenario: Scenario) -> Scenario:
    """The scenario with its times in seconds, as the wire has them."""
    steps = [step.model_copy(update={"after": "7200s"}) if step.after == "2h" else step for step in scenario.steps]
    return scenario.model_copy(update={"steps": tuple(steps)})


def test_every_field_arrives() -> None:
    """The message is read as the file is."""
    faults: list[Fault] = []
    message = scenario_pb2.Scenario(name="all", steps=[STEP, LATER])
    (expected,) = read_scenarios("s.yaml", FILE)
    assert scenario_from_proto(message, "scenarios[0]", faults) == after_s(expected)
    assert not faults


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        (LaterStep, scenario_pb2.ScenarioStep.DESCRIPTOR.fields_by_name),
        (MoreHosts, scenario_pb2.MoreHosts.DESCRIPTOR.fields_by_name),
        (MoreGuests, scenario_pb2.MoreGuests.DESCRIPTOR.fields_by_name),
        (Demand, scenario_pb2.Demand.DESCRIPTOR.fields_by_name),
        (Degradation, scenario_pb2.Degradation.DESCRIPTOR.fields_by_name),
        (Selector, scenario_pb2.GuestSelector.DESCRIPTOR.fields_by_name),
    ],
)
def test_the_wire_has_what_files_have(shape: type[Strict], names: dict[str, object]) -> None:
    """Field by field, and in the same order: that is the order in which things happen."""
    assert [name.removesuffix("_s") for name in names] == list(shape.model_fields)


def test_fates_have_the_same_fields() -> None:
    """As the library's."""
    assert [field.name for field in dataclasses.fields(TierFate)] == list(
        what_if_service_pb2.TierFate.DESCRIPTOR.fields_by_name
    )


def test_a_policy_scenario_goes_on_in_steps() -> None:
    """Its own fields are the first step, as before; steps follow."""
    faults: list[Fault] = []
    message = policy_service_pb2.PolicyScenario(name="x", fail=["host:h1"], hardware_failures=2, steps=[LATER])
    scenario = policy_scenario_from_proto(message, "scenarios[0]", faults)
    later = LaterStep(fail=("host:h5",), carry_out=False)
    assert scenario == Scenario(name="x", fail=("host:h1",), hardware_failures=2, steps=(later,))
    assert not faults


@pytest.mark.parametrize(
    ("step", "path", "reason"),
    [
        (scenario_pb2.ScenarioStep(hardware_failures=-1), "hardware_failures", Reason.OUT_OF_RANGE),
        (scenario_pb2.ScenarioStep(after_s=-1), "after_s", Reason.OUT_OF_RANGE),
        (scenario_pb2.ScenarioStep(after_s=1_000_001), "after_s", Reason.OUT_OF_RANGE),
        (
            scenario_pb2.ScenarioStep(add_hosts=[scenario_pb2.MoreHosts(like="h", number=0)]),
            "add_hosts[0].number",
            Reason.OUT_OF_RANGE,
        ),
        (
            scenario_pb2.ScenarioStep(add_guests=[scenario_pb2.MoreGuests(number=1)]),
            "add_guests[0]",
            Reason.INVALID_REQUEST,
        ),
        (
            scenario_pb2.ScenarioStep(scale=[scenario_pb2.Demand(percent={"cpu": 1})]),
            "scale[0].select",
            Reason.INVALID_REQUEST,
        ),
        (
            scenario_pb2.ScenarioStep(degrade=[scenario_pb2.Degradation(parts=["host:h"], capacity={"cpu": 101})]),
            "degrade[0].capacity.cpu",
            Reason.OUT_OF_RANGE,
        ),
    ],
)
def test_what_is_wrong_is_named(step: scenario_pb2.ScenarioStep, path: str, reason: Reason) -> None:
    """With the field of the message, and the reason the contract states."""
    faults: list[Fault] = []
    scenario_from_proto(scenario_pb2.Scenario(name="x", steps=[LATER, step]), "scenarios[3]", faults)
    assert [(fault.path, fault.reason) for fault in faults] == [(f"scenarios[3].steps[1].{path}", reason)]


def test_too_many_steps_are_refused() -> None:
    """At most a hundred; and a scenario has a name."""
    faults: list[Fault] = []
    scenario_from_proto(scenario_pb2.Scenario(steps=[LATER] * 101), "scenarios[0]", faults)
    assert [fault.path for fault in faults] == ["scenarios[0].name", "scenarios[0].steps"]
