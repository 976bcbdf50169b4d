"""The table of methods."""

from __future__ import annotations

import inspect
import pickle
import typing

import pytest

from trimtab.v1 import planning_service_pb2, policy_service_pb2, what_if_service_pb2
from trimtab_server.calls.methods import METHODS
from trimtab_server.dispatch.method import Method, Quota
from trimtab_server.dispatch.worker import Worker
from trimtab_server.served_policy import ServedPolicy


def test_the_table_is_the_contract() -> None:
    """Every method of every service has a row with its messages, and no row has anything else."""
    contract = {
        (service.full_name, method.name): (method.input_type, method.output_type, method.server_streaming)
        for file in (planning_service_pb2, policy_service_pb2, what_if_service_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert contract == {
        (row.service, row.name): (row.request.DESCRIPTOR, row.response.DESCRIPTOR, row.is_streaming) for row in METHODS
    }


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_row_names_a_function_that_gives_its_response(method: Method) -> None:
    """Work of solver processes takes a worker, what the front reads itself takes the policy in force."""
    work = method.load_work()
    types = typing.get_type_hints(work)
    (taken,) = inspect.signature(work).parameters
    assert types["return"] is method.response
    assert types[taken] is (ServedPolicy if method.quota is Quota.READ else Worker)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_what_takes_time_can_be_repeated(method: Method) -> None:
    """Plans have a request id and a time budget, nothing else has."""
    fields = method.request.DESCRIPTOR.fields_by_name
    is_plan = method.quota is Quota.PLAN
    assert (method.takes_request_id, "time_budget" in fields) == (is_plan, is_plan)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_rows_travel_to_solver_processes(method: Method) -> None:
    """They are pickled with their job."""
    assert pickle.loads(pickle.dumps(method)) == method
