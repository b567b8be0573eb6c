"""The graph of a Qwen3 without its head, in the operators that onnxruntime-genai's builder gives for WebGPU: 4-bit products
that may round activations to 8 bits, grouped-query attention with rotation inside, and fused norms."""

import math
import struct

import protobuf as p

FLOAT, UINT8, INT32, INT64 = 1, 2, 6, 7
# Types of attributes.
REAL, INTEGER = 1, 2
BLOCK = 32
EPSILON = 1e-6
ROPE_BASE = 1e6
# Longer than any prompt of the workload.
POSITIONS = 4_096
# Activations in 8 bits, the fastest that the runtime offers.
ACCURACY = 4
MICROSOFT = "com.microsoft"


class Graph:
    """Nodes and constants, as they are added."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def node(self, kind: str, inputs: list, outputs: list, domain: str = "", **attributes) -> str:
        body = b"".join(p.text(1, name) for name in inputs) + b"".join(p.text(2, name) for name in outputs)
        body += p.text(3, f"{kind}/{outputs[0]}") + p.text(4, kind)
        for name, value in attributes.items():
            real = isinstance(value, float)
            content = p.real(2, value) if real else p.number(3, value)
            body += p.data(5, p.text(1, name) + content + p.number(20, REAL if real else INTEGER))
        self.nodes.append(body + (p.text(7, domain) if domain else b""))
        return outputs[0]

    def constant(self, name: str, kind: int, dims: list, raw: bytes) -> str:
        self.constants.append(tensor_head(name, kind, dims) + p.data(9, raw))
        return name

    def stored(self, name: str, kind: int, dims: list, place: tuple) -> str:
        """A constant in the file beside the graph."""
        entries = {"location": "model.onnx.data", "offset": str(place[0]), "length": str(place[1])}
        where = b"".join(p.data(13, p.text(1, key) + p.text(2, value)) for key, value in entries.items())
        self.constants.append(tensor_head(name, kind, dims) + where + p.number(14, 1))
        return name


def tensor_head(name: str, kind: int, dims: list) -> bytes:
    return b"".join(p.number(1, dim) for dim in dims) + p.number(2, kind) + p.text(8, name)


def value(name: str, kind: int, dims: list) -> bytes:
    """An input or output; a name stands for a dimension that is not fixed."""
    parts = (p.data(1, p.number(1, dim) if isinstance(dim, int) else p.text(2, dim)) for dim in dims)
    return p.text(1, name) + p.data(2, p.data(1, p.number(1, kind) + p.data(2, b"".join(parts))))


def write_graph(sizes: tuple, head_norm: float, matrices: list, places: dict) -> bytes:
    layers, hidden, _, heads, kv, head = sizes
    graph = Graph()
    of_name = {matrix.name: matrix for matrix in matrices}

    def product(x: str, name: str, out: str) -> str:
        matrix = of_name[name]
        n, k = matrix.rows, matrix.columns
        quants, scales = places[name]
        weight = graph.stored(f"{name}.quants", UINT8, [n, k // BLOCK, BLOCK // 2], quants)
        scale = graph.stored(f"{name}.scales", FLOAT, [n, k // BLOCK], scales)
        return graph.node("MatMulNBits", [x, weight, scale], [out], MICROSOFT, K=k, N=n, bits=4, block_size=BLOCK, accuracy_level=ACCURACY)

    def ones(name: str, width: int, value: float = 1.0) -> str:
        return graph.constant(name, FLOAT, [width], struct.pack("<f", value) * width)

    def normed_heads(x: str, at: str, count: int) -> str:
        apart = graph.node("Reshape", [x, "shape_of_heads"], [f"{at}.apart"])
        normed = graph.node("SimplifiedLayerNormalization", [apart, ones(f"{at}.weight", head, head_norm)], [f"{at}.normed"], axis=-1, epsilon=EPSILON, stash_type=1)
        beside = graph.constant(f"{at}.shape", INT64, [3], struct.pack("<3q", 0, -1, count * head))
        return graph.node("Reshape", [normed, beside], [f"{at}.out"])

    constants(graph, head)
    lengths(graph)
    quants, scales = places["token_embd.weight"]
    rows = of_name["token_embd.weight"].rows
    table = graph.stored("embedding.quants", UINT8, [rows, hidden // 2], quants)
    steps = graph.stored("embedding.scales", FLOAT, [rows, hidden // BLOCK], scales)
    x = graph.node("GatherBlockQuantized", [table, "input_ids", steps], ["embedded"], MICROSOFT, bits=4, block_size=BLOCK, gather_axis=0, quantize_axis=1)
    normed = graph.node("SimplifiedLayerNormalization", [x, ones("norm.0", hidden)], ["normed.0"], axis=-1, epsilon=EPSILON, stash_type=1)
    for layer in range(layers):
        at = f"blk.{layer}"
        q = normed_heads(product(normed, f"{at}.attn_q.weight", f"{at}.q"), f"{at}.q_norm", heads)
        k = normed_heads(product(normed, f"{at}.attn_k.weight", f"{at}.k"), f"{at}.k_norm", kv)
        v = product(normed, f"{at}.attn_v.weight", f"{at}.v")
        past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        present = [f"present.{layer}.{part}" for part in ("key", "value")]
        attended = graph.node(
            "GroupQueryAttention",
            [q, k, v, *past, "seqlens_k", "total_length", "cos_cache", "sin_cache"],
            [f"{at}.attended", *present],
            MICROSOFT,
            num_heads=heads,
            kv_num_heads=kv,
            scale=1 / math.sqrt(head),
            do_rotary=1,
            rotary_interleaved=0,
        )
        out = product(attended, f"{at}.attn_output.weight", f"{at}.o")
        normed, x = added(graph, x, out, ones(f"{at}.post", hidden), f"{at}.middle")
        gate = product(normed, f"{at}.ffn_gate.weight", f"{at}.gate")
        up = product(normed, f"{at}.ffn_up.weight", f"{at}.up")
        silu = graph.node("Mul", [gate, graph.node("Sigmoid", [gate], [f"{at}.sigmoid"])], [f"{at}.silu"])
        down = product(graph.node("Mul", [silu, up], [f"{at}.product"]), f"{at}.ffn_down.weight", f"{at}.down")
        last = layer == layers - 1
        normed, x = added(graph, x, down, ones(f"norm.{layer + 1}", hidden), "hidden_states" if last else f"{at}.end", last)
    return model(graph, inputs(layers, kv, head), outputs(layers, kv, head, hidden))


def added(graph: Graph, x: str, y: str, weight: str, name: str, last: bool = False) -> tuple:
    """The norm of a sum, and the sum, which nobody needs at the end."""
    normed = name if last else f"{name}.normed"
    graph.node("SkipSimplifiedLayerNormalization", [x, y, weight], [normed] if last else [normed, "", "", f"{name}.sum"], MICROSOFT, epsilon=EPSILON)
    return normed, f"{name}.sum"


def constants(graph: Graph, head: int) -> None:
    half = head // 2
    angles = [[position * ROPE_BASE ** (-i / half) for i in range(half)] for position in range(POSITIONS)]
    for name, function in (("cos_cache", math.cos), ("sin_cache", math.sin)):
        flat = [function(angle) for row in angles for angle in row]
        graph.constant(name, FLOAT, [POSITIONS, half], struct.pack(f"<{len(flat)}f", *flat))
    graph.constant("shape_of_heads", INT64, [3], struct.pack("<3q", 0, -1, head))
    graph.constant("one", INT64, [1], struct.pack("<q", 1))
    graph.constant("index_of_length", INT64, [], struct.pack("<q", 1))


def lengths(graph: Graph) -> None:
    """What attention takes instead of a mask: the last position of each prompt, and the length of the longest."""
    graph.node("ReduceSum", ["attention_mask", "one"], ["lengths"], keepdims=0)
    graph.node("Sub", ["lengths", "one"], ["last_positions"])
    graph.node("Cast", ["last_positions"], ["seqlens_k"], to=INT32)
    graph.node("Shape", ["attention_mask"], ["shape_of_mask"])
    graph.node("Gather", ["shape_of_mask", "index_of_length"], ["length"], axis=0)
    graph.node("Cast", ["length"], ["total_length"], to=INT32)


def inputs(layers: int, kv: int, head: int) -> list:
    both = [value("input_ids", INT64, ["batch", "length"]), value("attention_mask", INT64, ["batch", "total"])]
    past = [f"past_key_values.{layer}.{part}" for layer in range(layers) for part in ("key", "value")]
    return both + [value(name, FLOAT, ["batch", kv, "past", head]) for name in past]


def outputs(layers: int, kv: int, head: int, hidden: int) -> list:
    present = [f"present.{layer}.{part}" for layer in range(layers) for part in ("key", "value")]
    return [value("hidden_states", FLOAT, ["batch", "length", hidden]), *(value(name, FLOAT, ["batch", kv, "total", head]) for name in present)]


def model(graph: Graph, ins: list, outs: list) -> bytes:
    body = b"".join(p.data(1, node) for node in graph.nodes) + p.text(2, "qwen3")
    body += b"".join(p.data(5, constant) for constant in graph.constants)
    body += b"".join(p.data(11, each) for each in ins) + b"".join(p.data(12, each) for each in outs)
    opsets = [("", 21), (MICROSOFT, 1)]
    domains = b"".join(p.data(8, p.text(1, name) + p.number(2, version)) for name, version in opsets)
    return p.number(1, 10) + p.text(2, "secondpass") + domains + p.data(7, body)
