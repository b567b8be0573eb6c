"""Writes a Qwen3 with random weights as a Hugging Face directory: make_model.py SHAPE TOKENIZER_JSON OUT"""

import json
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from shapes import config

SEED = 20_260_701
YES, NO = 9693, 2152
# Large enough for attention to have clear peaks, so that documents get different scores, but not so large that rounding
# moves them.
NORM_OF_QUERIES_AND_KEYS = 1.25
EMBEDDING_STD = 0.05
# The values of a matrix are integer multiples of a power of two, and each block of 32 contains the largest multiple. All
# 4-bit formats then represent exactly the same values, so engines can be compared although their files differ.
LOWEST, HIGHEST, BLOCK = -8, 7, 32
STEP_STD = 3.0


def tensors(shape: dict, generator: torch.Generator):
    """Each tensor of the model, in bfloat16."""
    hidden, mlp, head = shape["hidden_size"], shape["intermediate_size"], shape["head_dim"]
    heads, kv_heads = shape["num_attention_heads"] * head, shape["num_key_value_heads"] * head

    def matrix(rows: int, columns: int, std: float | None = None):
        steps = (torch.randn(rows * columns // BLOCK, BLOCK, generator=generator) * STEP_STD).round().clamp(LOWEST, HIGHEST)
        place = torch.randint(BLOCK, (steps.shape[0], 1), generator=generator)
        steps.scatter_(1, place, LOWEST)
        # Random signs, to keep the mean at zero.
        steps *= torch.randint(2, (steps.shape[0], 1), generator=generator) * 2 - 1
        step = 2.0 ** round(math.log2((std or 1.0 / math.sqrt(columns)) / STEP_STD))
        return (steps * step).reshape(rows, columns).to(torch.bfloat16)

    def vector(size: int, mean: float = 1.0):
        return (mean * (1 + 0.1 * torch.randn(size, generator=generator))).to(torch.bfloat16)

    yield "model.embed_tokens.weight", matrix(shape["vocab_size"], hidden, EMBEDDING_STD)
    yield "model.norm.weight", vector(hidden)
    for layer in range(shape["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        yield f"{at}.input_layernorm.weight", vector(hidden)
        yield f"{at}.post_attention_layernorm.weight", vector(hidden)
        yield f"{at}.self_attn.q_norm.weight", vector(head, NORM_OF_QUERIES_AND_KEYS)
        yield f"{at}.self_attn.k_norm.weight", vector(head, NORM_OF_QUERIES_AND_KEYS)
        yield f"{at}.self_attn.q_proj.weight", matrix(heads, hidden)
        yield f"{at}.self_attn.k_proj.weight", matrix(kv_heads, hidden)
        yield f"{at}.self_attn.v_proj.weight", matrix(kv_heads, hidden)
        yield f"{at}.self_attn.o_proj.weight", matrix(hidden, heads)
        yield f"{at}.mlp.gate_proj.weight", matrix(mlp, hidden)
        yield f"{at}.mlp.up_proj.weight", matrix(mlp, hidden)
        yield f"{at}.mlp.down_proj.weight", matrix(hidden, mlp)


def main(name: str, tokenizer: str, out: Path) -> None:
    shape = config(name)
    out.mkdir(parents=True, exist_ok=True)
    state = dict(tensors(shape, torch.Generator().manual_seed(SEED)))
    save_file(state, out / "model.safetensors", metadata={"format": "pt"})
    (out / "config.json").write_text(json.dumps(shape, indent=1))
    shutil.copyfile(tokenizer, out / "tokenizer.json")
    (out / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>"}))
    # The ONNX of onnxruntime-web ends at the last hidden state; the page applies these two rows of the tied head.
    rows = state["model.embed_tokens.weight"][[YES, NO]].float().numpy()
    (out / "head.bin").write_bytes(rows.astype(np.float32).tobytes())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
