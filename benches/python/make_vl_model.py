"""Writes a Qwen3-VL with random weights as a Hugging Face directory: make_vl_model.py TOKENIZER_JSON OUT

Small, with the proportions of Qwen3-VL-Reranker-2B; for measuring time and memory, its scores are meaningless.
"""

import json
import math
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

SEED = 20_260_702
HIDDEN, LAYERS, MLP, HEADS, KV_HEADS, HEAD = 256, 4, 768, 4, 2, 64
VISION_HIDDEN, VISION_DEPTH, VISION_MLP, VISION_HEADS = 256, 6, 1024, 4
PATCH, FRAMES, MERGE, POSITIONS = 16, 2, 2, 2304
DEEPSTACK = [1, 3, 5]
VOCABULARY = 151_936

CONFIG = {
    "architectures": ["Qwen3VLForConditionalGeneration"],
    "model_type": "qwen3_vl",
    "text_config": {
        "model_type": "qwen3_vl_text", "vocab_size": VOCABULARY, "hidden_act": "silu", "attention_bias": False,
        "attention_dropout": 0.0, "rms_norm_eps": 1e-6, "rope_theta": 5_000_000.0, "max_position_embeddings": 262_144,
        "rope_scaling": {"mrope_interleaved": True, "mrope_section": [12, 10, 10], "rope_type": "default"},
        "tie_word_embeddings": True, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "head_dim": HEAD, "intermediate_size": MLP, "dtype": "float16",
    },
    "vision_config": {
        "model_type": "qwen3_vl", "hidden_act": "gelu_pytorch_tanh", "in_channels": 3, "patch_size": PATCH,
        "spatial_merge_size": MERGE, "temporal_patch_size": FRAMES, "out_hidden_size": HIDDEN, "depth": VISION_DEPTH,
        "hidden_size": VISION_HIDDEN, "num_heads": VISION_HEADS, "intermediate_size": VISION_MLP,
        "deepstack_visual_indexes": DEEPSTACK, "num_position_embeddings": POSITIONS,
    },
    "tie_word_embeddings": True,
    "image_token_id": 151_655,
    "video_token_id": 151_656,
    "vision_start_token_id": 151_652,
    "vision_end_token_id": 151_653,
}
PREPROCESSOR = {
    "image_processor_type": "Qwen2VLImageProcessorFast", "processor_class": "Qwen3VLProcessor", "do_convert_rgb": True,
    "do_rescale": True, "do_normalize": True, "rescale_factor": 1 / 255, "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5], "resample": 3, "patch_size": PATCH, "temporal_patch_size": FRAMES, "merge_size": MERGE,
    "size": {"shortest_edge": 4096, "longest_edge": 1_310_720},
}


def shapes():
    """Name, shape and mean of each tensor."""
    text, merged = "model.language_model", VISION_HIDDEN * MERGE * MERGE
    yield f"{text}.embed_tokens.weight", (VOCABULARY, HIDDEN), 0
    yield f"{text}.norm.weight", (HIDDEN,), 1
    for layer in range(LAYERS):
        at = f"{text}.layers.{layer}"
        for name, width in (("input_layernorm", HIDDEN), ("post_attention_layernorm", HIDDEN), ("self_attn.q_norm", HEAD), ("self_attn.k_norm", HEAD)):
            yield f"{at}.{name}.weight", (width,), 1
        for name, rows in (("q", HEADS * HEAD), ("k", KV_HEADS * HEAD), ("v", KV_HEADS * HEAD)):
            yield f"{at}.self_attn.{name}_proj.weight", (rows, HIDDEN), 0
        yield f"{at}.self_attn.o_proj.weight", (HIDDEN, HEADS * HEAD), 0
        yield f"{at}.mlp.gate_proj.weight", (MLP, HIDDEN), 0
        yield f"{at}.mlp.up_proj.weight", (MLP, HIDDEN), 0
        yield f"{at}.mlp.down_proj.weight", (HIDDEN, MLP), 0

    def linear(at: str, rows: int, columns: int):
        yield f"{at}.weight", (rows, columns), 0
        yield f"{at}.bias", (rows,), 0

    def norm(at: str, width: int):
        yield f"{at}.weight", (width,), 1
        yield f"{at}.bias", (width,), 0

    visual = "model.visual"
    yield f"{visual}.pos_embed.weight", (POSITIONS, VISION_HIDDEN), 0
    yield f"{visual}.patch_embed.proj.weight", (VISION_HIDDEN, 3, FRAMES, PATCH, PATCH), 0
    yield f"{visual}.patch_embed.proj.bias", (VISION_HIDDEN,), 0
    for block in range(VISION_DEPTH):
        at = f"{visual}.blocks.{block}"
        yield from norm(f"{at}.norm1", VISION_HIDDEN)
        yield from norm(f"{at}.norm2", VISION_HIDDEN)
        yield from linear(f"{at}.attn.qkv", 3 * VISION_HIDDEN, VISION_HIDDEN)
        yield from linear(f"{at}.attn.proj", VISION_HIDDEN, VISION_HIDDEN)
        yield from linear(f"{at}.mlp.linear_fc1", VISION_MLP, VISION_HIDDEN)
        yield from linear(f"{at}.mlp.linear_fc2", VISION_HIDDEN, VISION_MLP)
    for at, width in [(f"{visual}.merger", VISION_HIDDEN)] + [(f"{visual}.deepstack_merger_list.{i}", merged) for i in range(len(DEEPSTACK))]:
        yield from norm(f"{at}.norm", width)
        yield from linear(f"{at}.linear_fc1", merged, merged)
        yield from linear(f"{at}.linear_fc2", HIDDEN, merged)


def main(tokenizer: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(SEED)
    state = {}
    for name, shape, mean in shapes():
        columns = math.prod(shape[1:])
        std = 1 / math.sqrt(columns) if len(shape) > 1 else 0.1
        state[name] = (mean + std * torch.randn(shape, generator=generator)).to(torch.float16)
    save_file(state, out / "model.safetensors", metadata={"format": "pt"})
    (out / "config.json").write_text(json.dumps(CONFIG, indent=1))
    (out / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=1))
    shutil.copyfile(tokenizer, out / "tokenizer.json")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
