"""Scores of Transformers in float32 with exactly the weights of each engine.

reference.py WORKLOADS_JSON MODEL_DIR OUT

MODEL_DIR holds hf/ and its conversions gguf/*.gguf and ort-*/model.onnx. Quantized weights are dequantized into the same
Transformers model, so that an engine differs from its reference by arithmetic only.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from transformers import AutoModelForCausalLM

YES, NO = 9693, 2152


def from_gguf(path: Path) -> dict[str, np.ndarray]:
    """Weights of a GGUF file by their names in Transformers."""
    parts = {
        "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
        "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm", "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    }
    state = {}
    for tensor in GGUFReader(path).tensors:
        values = dequantize(tensor.data, tensor.tensor_type).reshape([int(n) for n in reversed(tensor.shape)])
        stem = tensor.name.removesuffix(".weight")
        if stem == "token_embd":
            state["model.embed_tokens.weight"] = values
        elif stem == "output_norm":
            state["model.norm.weight"] = values
        elif stem == "cls.output":
            state["head"] = values
        elif stem.startswith("blk."):
            _, layer, part = stem.split(".", 2)
            state[f"model.layers.{layer}.{parts[part]}.weight"] = values
        else:
            raise SystemExit(f"{path}: unexpected tensor {tensor.name}")
    return state


def blocks(packed: np.ndarray, scales: np.ndarray, zero: int) -> np.ndarray:
    """Values of 4-bit blocks, low nibble first."""
    low, high = packed & 0x0F, packed >> 4
    values = np.stack([low, high], axis=-1).reshape(*scales.shape, -1).astype(np.float32) - zero
    return (values * scales[..., None]).reshape(scales.shape[0], -1)


def from_onnx(path: Path, shape: dict) -> dict[str, np.ndarray]:
    """Weights of an ONNX of the model builder by their names in Transformers."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    found = {tensor.name: tensor for tensor in graph.initializer}

    def array(name: str) -> np.ndarray:
        return numpy_helper.to_array(found[name])

    def matrix(stem: str) -> np.ndarray:
        scales = array(f"{stem}_scales")
        packed = array(f"{stem}_Q4")
        if packed.dtype != np.uint8:
            values = packed.astype(np.int8).astype(np.float32).reshape(*scales.shape, -1)
            return (values * scales[..., None]).reshape(scales.shape[0], -1)
        return blocks(packed, scales.reshape(packed.shape[:2]), 8)

    queries = shape["num_attention_heads"] * shape["head_dim"]
    keys = shape["num_key_value_heads"] * shape["head_dim"]
    state = {}
    embedding = "model.embed_tokens.weight"
    state[embedding] = array(embedding) if embedding in found else matrix(embedding)
    layers = shape["num_hidden_layers"]
    state["model.norm.weight"] = array(f"model.layers.{layers}.final_norm_layernorm.weight")
    for layer in range(layers):
        at = f"model.layers.{layer}"
        state[f"{at}.input_layernorm.weight"] = array(f"{at}.input_layernorm.weight")
        state[f"{at}.post_attention_layernorm.weight"] = array(f"{at}.post_attention_layernorm.weight")
        state[f"{at}.self_attn.q_norm.weight"] = array(f"{at}.attn.q_norm.layernorm.weight")
        state[f"{at}.self_attn.k_norm.weight"] = array(f"{at}.attn.k_norm.layernorm.weight")
        qkv = matrix(f"{at}.attn.qkv_proj.MatMul.weight")
        for part, rows in zip("qkv", np.split(qkv, [queries, queries + keys])):
            state[f"{at}.self_attn.{part}_proj.weight"] = rows
        state[f"{at}.self_attn.o_proj.weight"] = matrix(f"{at}.attn.o_proj.MatMul.weight")
        for part in ("gate", "up", "down"):
            state[f"{at}.mlp.{part}_proj.weight"] = matrix(f"{at}.mlp.{part}_proj.MatMul.weight")
    return state


def scores(model, head: torch.Tensor, workloads: list) -> dict[str, list[float]]:
    """Scores of each workload's documents, one prompt at a time, so without padding."""
    result = {}
    with torch.inference_mode():
        for workload in workloads:
            result[workload["name"]] = []
            for ids in workload["ids"]:
                state = model.model(input_ids=torch.tensor([ids])).last_hidden_state[0, -1]
                yes, no = (head @ state).tolist()
                result[workload["name"]].append(1 / (1 + float(np.exp(no - yes))))
    return result


def main(workloads: Path, folder: Path, out: Path) -> None:
    asked = json.loads(workloads.read_text())
    shape = json.loads((folder / "hf" / "config.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(folder / "hf", dtype=torch.float32, attn_implementation="eager").eval()
    head = model.model.embed_tokens.weight[[YES, NO]].detach().clone()
    given = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    result = {"hf": scores(model, head, asked)}
    for path in sorted(folder.glob("gguf/*.gguf")) + sorted(folder.glob("ort-*/model.onnx")):
        state = from_gguf(path) if path.suffix == ".gguf" else from_onnx(path, shape)
        rows = state.pop("head", None)
        name = path.stem.split("-")[-1].lower() if path.suffix == ".gguf" else path.parent.name
        if all(np.array_equal(value, given[key]) for key, value in state.items()) and rows is None:
            result[name] = result["hf"]
            continue
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()}, strict=False)
        result[name] = scores(model, head if rows is None else torch.from_numpy(np.array(rows)), asked)
    out.write_text(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
