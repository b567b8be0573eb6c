"""Random weights in every format at once: the values are steps from -7 to 7 of a power of two, which Q8_0, Q4_0 and ONNX's
4 bits represent exactly, so that every engine computes the same function."""

import math
import random
import struct
from functools import lru_cache

BLOCK = 32
# Blocks of the noise, which is written repeatedly. A prime, so that no two rows of a matrix are alike.
BLOCKS = 32_749
ZERO = 8
STEP_STD = math.sqrt((15**2 - 1) / 12)
SEED = 20_260_701
# Blocks between the starts of neighbouring tensors in the noise.
STRIDE = 7_919
# Bytes of a block in each format.
SIZES = {"q8_0": 34, "q4_0": 18, "onnx": 16}


def step_for(std: float) -> float:
    return 2.0 ** round(math.log2(std / STEP_STD))


@lru_cache(maxsize=1)
def steps() -> bytes:
    """Numbers from 1 to 15, with 8 for zero."""
    spread = bytes(byte % 15 + 1 for byte in range(256))
    return random.Random(SEED).randbytes(BLOCK * BLOCKS).translate(spread)


def packed(low: bytes, high: bytes) -> bytes:
    """Two nibbles a byte."""
    joined = int.from_bytes(low, "little") | int.from_bytes(high, "little") << 4
    return joined.to_bytes(len(low), "little")


@lru_cache(maxsize=8)
def chunk(form: str, step: float) -> bytes:
    """All blocks in a format. In ONNX the steps stand in a tensor of their own."""
    values = steps()
    if form == "onnx":
        return packed(values[0::2], values[1::2])
    scale = struct.pack("<e", step)
    if form == "q8_0":
        body = values.translate(bytes((value - ZERO) % 256 for value in range(256)))
        half = BLOCK
    else:
        starts = range(0, len(values), BLOCK)
        body = packed(b"".join(values[i : i + 16] for i in starts), b"".join(values[i + 16 : i + 32] for i in starts))
        half = BLOCK // 2
    return b"".join(scale + body[i : i + half] for i in range(0, len(body), half))


def write(file, form: str, step: float, index: int, count: int) -> None:
    """Writes the first `count` values of tensor number `index`."""
    whole, size, left = chunk(form, step), SIZES[form], count // BLOCK * SIZES[form]
    at = index * STRIDE % BLOCKS * size
    while left > 0:
        piece = whole[at : at + left]
        file.write(piece)
        left -= len(piece)
        at = 0


def row(index: int, step: float, width: int, number: int) -> list:
    """The values of a row of tensor number `index`."""
    values = steps()
    start = (index * STRIDE + number * (width // BLOCK)) % BLOCKS * BLOCK
    return [(values[(start + i) % len(values)] - ZERO) * step for i in range(width)]
