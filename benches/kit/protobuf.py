"""The few parts of protobuf's encoding that an ONNX graph needs."""

import struct

VARINT, LENGTH, FLOAT = 0, 2, 5


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3 | VARINT) + varint(value)


def real(field: int, value: float) -> bytes:
    return varint(field << 3 | FLOAT) + struct.pack("<f", value)


def data(field: int, value: bytes) -> bytes:
    return varint(field << 3 | LENGTH) + varint(len(value)) + value


def text(field: int, value: str) -> bytes:
    return data(field, value.encode())
