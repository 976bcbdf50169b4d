"""Whether the bytes of a request carry a request id, found out without parsing them."""

from __future__ import annotations

from typing import Final

from .method import Method

_MOST_FIELDS: Final = 256
"""Messages of the contract have few fields; what has more is left to the solver process to refuse."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def has_request_id(method: Method, request: bytes) -> bool:
    """Walk over the fields of the message, skipping what they hold (protobuf's wire format).

    What is no such message has none.
    """
    wanted = method.request.DESCRIPTOR.fields_by_name["request_id"].number
    position = 0
    for _ in range(_MOST_FIELDS):
        if position >= len(request):
            return False
        try:
            tag, position = _varint(request, position)
            length, position = _length(request, position, tag & 7)
        except ValueError:
            return False
        if tag >> 3 == wanted and tag & 7 == _BYTES and length:
            return True
        position += length
    return False


def _length(request: bytes, position: int, wire_type: int) -> tuple[int, int]:
    if wire_type == _VARINT:
        _, position = _varint(request, position)
        return 0, position
    if wire_type == _BYTES:
        return _varint(request, position)
    if wire_type in (_FIXED64, _FIXED32):
        return (8 if wire_type == _FIXED64 else 4), position
    raise ValueError("groups are not used")


def _varint(request: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(request[position : position + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise ValueError("the number does not end")
