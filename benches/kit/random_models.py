"""Qwen3 rerankers of published shapes with random weights, as GGUF and as ONNX. Needs nothing but Python."""

import math
import struct
from pathlib import Path

import noise
from onnx_graph import write_graph
from shapes import SHAPES, VOCABULARY

# A small one for tests, in which the vocabulary is nearly all.
KIT_SHAPES = {**SHAPES, "2x64": (2, 64, 192, 2, 1, 32)}
YES, NO = 9_693, 2_152
# As in make_model.py: attention has clear peaks, so that documents get different scores.
NORM_OF_QUERIES_AND_KEYS = 1.25
EMBEDDING_STD = 0.05
ALIGNMENT = 32
# The number that GGUF has for a type, and its values in a block.
TYPES = {"f32": 0, "q4_0": 2, "q8_0": 8}
UINT32, FLOAT32, STRING = 4, 6, 8


class Matrix:
    """A matrix, and which part of the noise it is."""

    def __init__(self, index: int, name: str, rows: int, columns: int, std: "float | None" = None):
        self.index, self.name, self.rows, self.columns = index, name, rows, columns
        self.step = noise.step_for(std or 1 / math.sqrt(columns))

    @property
    def count(self) -> int:
        return self.rows * self.columns


def tensors(shape: str) -> list:
    """All tensors in the order of the file: matrices, and vectors as (name, width, value)."""
    layers, hidden, inner, heads, kv, head = KIT_SHAPES[shape]
    out = [Matrix(0, "token_embd.weight", VOCABULARY, hidden, EMBEDDING_STD)]
    for layer in range(layers):
        at = f"blk.{layer}."
        matrices = [
            ("attn_q", heads * head, hidden),
            ("attn_k", kv * head, hidden),
            ("attn_v", kv * head, hidden),
            ("attn_output", hidden, heads * head),
            ("ffn_gate", inner, hidden),
            ("ffn_up", inner, hidden),
            ("ffn_down", hidden, inner),
        ]
        out += [Matrix(1 + layer * len(matrices) + i, f"{at}{name}.weight", *size) for i, (name, *size) in enumerate(matrices)]
        out += [(f"{at}{name}.weight", hidden, 1.0) for name in ("attn_norm", "ffn_norm")]
        out += [(f"{at}{name}.weight", head, NORM_OF_QUERIES_AND_KEYS) for name in ("attn_q_norm", "attn_k_norm")]
    return [*out, ("output_norm.weight", hidden, 1.0)]


def gguf_string(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def fields(shape: str) -> list:
    layers, hidden, inner, heads, kv, head = KIT_SHAPES[shape]

    def entry(key: str, kind: int, value: bytes) -> bytes:
        return gguf_string(key) + struct.pack("<I", kind) + value

    sizes = {
        "block_count": layers,
        "context_length": 32_768,
        "embedding_length": hidden,
        "feed_forward_length": inner,
        "attention.head_count": heads,
        "attention.head_count_kv": kv,
        "attention.key_length": head,
        "attention.value_length": head,
    }
    return [
        entry("general.architecture", STRING, gguf_string("qwen3")),
        entry("general.name", STRING, gguf_string(f"random-{shape}")),
        *(entry(f"qwen3.{key}", UINT32, struct.pack("<I", size)) for key, size in sizes.items()),
        entry("qwen3.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-6)),
        entry("qwen3.rope.freq_base", FLOAT32, struct.pack("<f", 1e6)),
    ]


def aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def write_gguf(shape: str, form: str, tokenizer: bytes, out: Path) -> None:
    """`tokenizer`: the number of fields that describe it, and those fields."""
    count, described = struct.unpack("<I", tokenizer[:4])[0], tokenizer[4:]
    all_tensors, own = tensors(shape), fields(shape)
    infos, offset = [], 0
    for tensor in all_tensors:
        if isinstance(tensor, Matrix):
            name, dims, kind, size = tensor.name, (tensor.columns, tensor.rows), form, tensor.count // noise.BLOCK * noise.SIZES[form]
        else:
            name, dims, kind, size = tensor[0], (tensor[1],), "f32", tensor[1] * 4
        infos.append(gguf_string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, TYPES[kind], offset))
        offset = aligned(offset + size)
    with out.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(all_tensors), len(own) + count) + b"".join(own) + described + b"".join(infos))
        for tensor in all_tensors:
            file.write(bytes(aligned(file.tell()) - file.tell()))
            if isinstance(tensor, Matrix):
                noise.write(file, form, tensor.step, tensor.index, tensor.count)
            else:
                file.write(struct.pack("<f", tensor[2]) * tensor[1])


def write_onnx(shape: str, out: Path) -> None:
    """A folder with `model.onnx`, its data, and `head.bin`: the rows of "yes" and "no", since the graph ends at the hidden states."""
    out.mkdir(parents=True, exist_ok=True)
    matrices = [tensor for tensor in tensors(shape) if isinstance(tensor, Matrix)]
    places = {}
    with (out / "model.onnx.data").open("wb") as file:
        for matrix in matrices:
            start = file.tell()
            noise.write(file, "onnx", matrix.step, matrix.index, matrix.count)
            middle = file.tell()
            file.write(struct.pack("<f", matrix.step) * (matrix.count // noise.BLOCK))
            places[matrix.name] = (start, middle - start), (middle, file.tell() - middle)
    (out / "model.onnx").write_bytes(write_graph(KIT_SHAPES[shape], NORM_OF_QUERIES_AND_KEYS, matrices, places))
    embedding = matrices[0]
    rows = [noise.row(0, embedding.step, embedding.columns, token) for token in (YES, NO)]
    (out / "head.bin").write_bytes(b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows))


def onnx_shape(shape: str) -> dict:
    """What the page has to know of the graph."""
    layers, hidden, _, _, kv, head = KIT_SHAPES[shape]
    return {"num_hidden_layers": layers, "hidden_size": hidden, "num_key_value_heads": kv, "head_dim": head}
