"""Generates GGUF files of the tiny models, their scores, and blocks of every type with their values.

    venv/bin/python make_gguf_fixtures.py        # after make_text_fixtures.py and make_vl_fixtures.py

The files are written by the `gguf` package with llama.cpp's tensor names. The scores are those of Transformers with the
dequantized weights, so that quantization is not part of the compared difference.
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Q
from gguf import quants
from safetensors.torch import load_file
from transformers import Qwen3ForCausalLM, Qwen3VLForConditionalGeneration

import vl_model
import vl_processing as processing
from make_text_fixtures import logit

TYPES = [Q.F32, Q.F16, Q.BF16, Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0, Q.Q4_K, Q.Q5_K, Q.Q6_K]
WRITTEN = [Q.F16, Q.BF16, Q.Q8_0, Q.Q4_0]
MIXED = [Q.Q4_0, Q.Q8_0, Q.Q4_1, Q.F16, Q.Q5_0, Q.BF16, Q.Q5_1]
TEXT_NAMES = {"embed_tokens": "token_embd", "norm": "output_norm", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
              "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
              "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
              "mlp.down_proj": "ffn_down"}
VISION_NAMES = {"norm1": "ln1", "norm2": "ln2", "attn.qkv": "attn_qkv", "attn.proj": "attn_out", "mlp.linear_fc1": "ffn_up", "mlp.linear_fc2": "ffn_down"}
MERGER_NAMES = {"norm": "v.post_ln", "linear_fc1": "mm.0", "linear_fc2": "mm.2"}


def llama_name(name, deepstack):
    """Maps the name of a checkpoint's tensor to llama.cpp's."""
    stem, kind = name.rsplit(".", 1)
    stem = stem.removeprefix("model.").removeprefix("language_model.")
    if stem == "lm_head":
        return f"output.{kind}"
    if stem.startswith("layers."):
        _, number, leaf = stem.split(".", 2)
        return f"blk.{number}.{TEXT_NAMES[leaf]}.{kind}"
    if not stem.startswith("visual."):
        return f"{TEXT_NAMES[stem]}.{kind}"
    stem = stem.removeprefix("visual.")
    if stem == "pos_embed":
        return "v.position_embd.weight"
    if stem.startswith("blocks."):
        _, number, leaf = stem.split(".", 2)
        return f"v.blk.{number}.{VISION_NAMES[leaf]}.{kind}"
    if stem.startswith("deepstack_merger_list."):
        _, number, leaf = stem.split(".", 2)
        return f"v.deepstack.{deepstack[int(number)]}.{leaf.removeprefix('linear_')}.{kind}"
    return f"{MERGER_NAMES[stem.removeprefix('merger.')]}.{kind}"


def store(writer, name, values, kind):
    """Adds a tensor as `kind`, or as F16 if its rows are not whole blocks. Returns the dequantized values."""
    if values.ndim < 2:
        kind = Q.F32
    elif values.shape[-1] % gguf.GGML_QUANT_SIZES[kind][0]:
        kind = Q.F16
    data = quants.quantize(values, kind)
    writer.add_tensor(name, data, raw_dtype=kind)
    return torch.from_numpy(quants.dequantize(data, kind).reshape(values.shape).copy())


def add_tokenizer(writer, folder, rows):
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokens = {i: (t, 1) for t, i in tokenizer["model"]["vocab"].items()}
    tokens |= {t["id"]: (t["content"], 3 if t["special"] else 4) for t in tokenizer["added_tokens"]}
    listed = [tokens.get(i, (f"[PAD{i}]", 5)) for i in range(rows)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([t for t, _ in listed])
    writer.add_token_types([k for _, k in listed])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]])


def add_sizes(writer, config, sees):
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(32768)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    if sees:
        writer.add_rope_dimension_sections([*config["rope_scaling"]["mrope_section"], 0])
    writer.add_pooling_type(gguf.PoolingType.RANK)
    writer.add_classifier_output_labels(["yes", "no"])


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_text(path, folder, kinds, classifier, sees):
    """Writes the text model with the types `kinds` in rotation. Returns the dequantized weights."""
    config = json.loads((folder / "config.json").read_text())
    state = {k: v.float().numpy() for k, v in load_file(folder / "model.safetensors").items() if ".visual." not in k}
    cases = json.loads((folder / "cases.json").read_text())
    writer = gguf.GGUFWriter(path, "qwen3vl" if sees else "qwen3")
    add_sizes(writer, config["text_config"] if sees else config, sees)
    if sees:
        writer.add_num_deepstack_layers(len(config["vision_config"]["deepstack_visual_indexes"]))
    table = next(k for k in state if k.endswith("embed_tokens.weight"))
    add_tokenizer(writer, folder, state[table].shape[0])
    held = {}
    for i, (name, values) in enumerate(sorted(state.items())):
        held[name] = store(writer, llama_name(name, []), values, kinds[i % len(kinds)])
    if classifier:
        head = state.get("lm_head.weight", state[table])[[cases["yes"], cases["no"]]]
        held["cls.output"] = store(writer, "cls.output.weight", head, Q.F16)
    finish(writer)
    return held


def write_vision(path, folder, kinds):
    """Writes the vision tower in llama.cpp's mmproj layout. Returns the dequantized weights."""
    config = json.loads((folder / "config.json").read_text())["vision_config"]
    deepstack = config["deepstack_visual_indexes"]
    state = {k: v.float().numpy() for k, v in load_file(folder / "model.safetensors").items() if ".visual." in k}
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("qwen3vl_merger")
    writer.add_vision_use_gelu(True)
    writer.add_vision_image_size(int(config["num_position_embeddings"] ** 0.5) * config["patch_size"])
    writer.add_vision_patch_size(config["patch_size"])
    writer.add_vision_embedding_length(config["hidden_size"])
    writer.add_vision_feed_forward_length(config["intermediate_size"])
    writer.add_vision_block_count(config["depth"])
    writer.add_vision_head_count(config["num_heads"])
    writer.add_vision_projection_dim(config["out_hidden_size"])
    writer.add_vision_attention_layernorm_eps(1e-6)
    writer.add_vision_spatial_merge_size(config["spatial_merge_size"])
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    writer.add_vision_is_deepstack_layers([i in deepstack for i in range(config["depth"])])
    held = {}
    for i, (name, values) in enumerate(sorted(state.items())):
        if name.endswith("patch_embed.proj.weight"):
            frames = [store(writer, f"v.patch_embd.weight{s}", np.ascontiguousarray(values[:, :, t]), Q.F16) for t, s in enumerate(["", ".1"])]
            held[name] = torch.stack(frames, 2)
        elif name.endswith("patch_embed.proj.bias"):
            held[name] = store(writer, "v.patch_embd.bias", values, Q.F32)
        else:
            kind = Q.F32 if name.endswith("pos_embed.weight") else kinds[i % len(kinds)]
            held[name] = store(writer, llama_name(name, deepstack), values, kind)
    finish(writer)
    return held


def put(model, held, yes, no):
    """The held weights in the model, and a classifier's rows in its head."""
    head = held.pop("cls.output", None)
    model.load_state_dict(held, strict=False)
    if head is not None:
        output = model.get_output_embeddings()
        output.weight = torch.nn.Parameter(output.weight.detach().clone())
        with torch.no_grad():
            output.weight[[yes, no]] = head


def text_scores(fixtures, name, held):
    folder = fixtures / "text" / name
    cases = json.loads((folder / "cases.json").read_text())
    model = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    put(model, held, cases["yes"], cases["no"])
    sigmoid = lambda x: torch.sigmoid(torch.tensor(x, dtype=torch.float64)).item()
    return {c["name"]: [sigmoid(logit(model, ids, cases["yes"], cases["no"])) for ids in c["ids"]] for c in cases["cases"]}


def vision_scores(fixtures, name, held, wanted=("text", "image", "text-and-image", "several", "image-both-sides", "video")):
    folder = fixtures / "vl" / name
    cases = json.loads((folder / "cases.json").read_text())
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    put(model, held, cases["yes"], cases["no"])
    tokenizer, plain = processing.tokenizers(700)
    processor = processing.make_processor(folder / "tokenizer.json")
    limits = {"max_length": processing.MAX_LENGTH, "max_pixels": processing.MAX_PIXELS, "max_frames": processing.MAX_FRAMES}
    scores = {}
    for case in (c for c in cases["cases"] if c["name"] in wanted):
        request = case["request"]
        prepared = [processing.prepare(processor, tokenizer, plain, request, d, folder, limits, {}) for d in request["documents"]]
        assert [p["ids"] for p in prepared] == case["ids"]
        scores[case["name"]] = [vl_model.score(model, p, cases["yes"], cases["no"]) for p in prepared]
    return scores


def write_blocks(out):
    """For each type, random blocks including extreme scales, and their values; for types that are written, values and their blocks."""
    rng = np.random.default_rng(3)
    for kind in TYPES:
        length, size = gguf.GGML_QUANT_SIZES[kind]
        count = 2048 // length
        raw = rng.integers(0, 256, (count, size), dtype=np.uint8)
        if length > 1:
            at = [size - 2] if kind == Q.Q6_K else [0, 2] if kind in (Q.Q4_1, Q.Q5_1, Q.Q4_K, Q.Q5_K) else [0]
            for offset in at:  # finite scales of every magnitude, including zero, subnormal and negative ones
                scales = rng.normal(0, 10.0 ** rng.integers(-6, 3, count)).astype(np.float16)
                scales[:3] = [0, -0.0, 6e-8]
                raw[:, offset:offset + 2] = scales.view(np.uint8).reshape(-1, 2)
        elif kind == Q.F32:
            raw = rng.normal(0, 1, count).astype(np.float32).view(np.uint8)
        else:
            raw[:, 1] &= 0xBF  # neither infinite nor NaN
        raw = raw.reshape(-1)
        raw.tofile(out / f"{kind.name}.blocks")
        values = quants.dequantize(raw, kind).reshape(-1).astype(np.float32)
        assert np.isfinite(values).all()
        values.tofile(out / f"{kind.name}.values")
    numbers = (rng.normal(0, 1, 1024) * 10.0 ** rng.integers(-4, 3, 1024)).astype(np.float32)
    numbers[:64] = np.round(numbers[:64]) + 0.5  # ties
    numbers[64:96] = 0
    numbers.tofile(out / "numbers")
    for kind in WRITTEN:
        quants.quantize(numbers, kind).tofile(out / f"{kind.name}.written")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixtures", type=Path, default=Path(__file__).parent.parent / "fixtures")
    fixtures = parser.parse_args().fixtures
    out = fixtures / "gguf"
    (out / "blocks").mkdir(parents=True, exist_ok=True)
    write_blocks(out / "blocks")
    text, vl = fixtures / "text", fixtures / "vl"
    models = [
        {"file": "mixed.gguf", "of": "text/tiny-tied", "scores": text_scores(fixtures, "tiny-tied", write_text(out / "mixed.gguf", text / "tiny-tied", MIXED, True, False))},
        {"file": "output.gguf", "of": "text/tiny-untied",
         "scores": text_scores(fixtures, "tiny-untied", write_text(out / "output.gguf", text / "tiny-untied", [Q.Q8_0], False, False))},
    ]
    held = write_text(out / "sees.gguf", vl / "vl-tied", [Q.Q8_0], False, True) | write_vision(out / "mmproj.gguf", vl / "vl-tied", [Q.Q8_0, Q.F16])
    models.append({"file": "sees.gguf", "vision": "mmproj.gguf", "of": "vl/vl-tied", "scores": vision_scores(fixtures, "vl-tied", held)})
    for model in models:
        print(model["file"], {k: [round(s, 4) for s in v] for k, v in model["scores"].items()})
    (out / "models.json").write_text(json.dumps(models, indent=1) + "\n")


if __name__ == "__main__":
    main()
