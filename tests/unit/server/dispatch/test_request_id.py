"""Finding a request id without parsing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.solving import PLAN
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import snapshot_pb2
from trimtab_server.dispatch.request_id import has_request_id


@given(st.text(max_size=300), st.integers(0, 2**31 - 1), st.text(max_size=300))
def test_an_id_is_found_where_there_is_one(request_id: str, seed: int, name: str) -> None:
    """Whatever stands before it."""
    request = pb.CreatePlanRequest(request_id=request_id, seed=seed, validate_only=True, frontier_percents=[0.5, 1])
    request.snapshot.hosts.append(snapshot_pb2.Host(id=name))
    assert has_request_id(PLAN, request.SerializeToString()) == bool(request_id)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_do_no_harm(content: bytes) -> None:
    """If protobuf reads them, both agree."""
    found = has_request_id(PLAN, content)
    try:
        request_id = pb.CreatePlanRequest.FromString(content).request_id
    except Exception:  # protobuf has an error of its own for each way of being wrong
        return
    assert found or not request_id


@pytest.mark.parametrize("content", [b"\xff" * 100, b"\x0a\xff\xff\xff\x7f", b"\x0b" * 100, b"\x80\x01\x00" * 100_000])
def test_hostile_bytes_are_given_up(content: bytes) -> None:
    """Numbers that do not end, lengths beyond the end, groups, and any number of fields."""
    assert not has_request_id(PLAN, content)
