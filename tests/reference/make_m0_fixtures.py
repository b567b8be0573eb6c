"""Generates tiny random models with the architecture of jina-reranker-m0, and their results in Transformers.

    venv/bin/python make_m0_fixtures.py --out ../fixtures/vl

Needs the environment and the pictures of make_vl_fixtures.py. The trunk is Transformers' Qwen2VLModel, the pixels are those of its
Qwen2VLImageProcessor; prompt, truncation and head are written out here as the script published with the weights has them. Rotary angles
are computed in f64: in f32, as Transformers has them, they move a logit of 600 tokens by 5e-5, more than all other roundings. For each
model: config.json, preprocessor_config.json, tokenizer.json, model.safetensors, cases.json (requests, token ids, grids, logits,
scores) and golden.safetensors (every stage of one prompt with two pictures). The script fails if some part hardly moves a logit.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from transformers import Qwen2VLConfig, Qwen2VLImageProcessor, Qwen2VLModel
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VLRotaryEmbedding

import vl_model
import vl_spec
from make_text_fixtures import CORPUS, SPECIAL, make_tokenizer, round_weights

SCORE_TOKEN, LOGIT_BIAS = 100, 2.65
MAX_LENGTH, QUERY_LENGTH = 10240, 512
MIN_PIXELS, MAX_PIXELS = 3136, 602112
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
OWN_ANGLES = Qwen2VLRotaryEmbedding.forward
LEAST_EFFECT = 2e-3
# The published 1e6 would hardly turn the frequencies that follow the width, which are the lowest.
ROPE_THETA = 100.0
M0_CORPUS = CORPUS + ["**Document**:\n**Query**:\n. (\n**Query**:\n?", "picture of the disc with stripes and rings"] * 4

P = "../pictures/"
LONG = "Each page is read together with the question, and the best of them comes first. "
CASES = {
    "text": {"request": {"query": "What is the capital of China?", "documents": ["The capital of China is Beijing.", {"text": "Mars is red."}]}},
    "text-image": {"request": {"query": "a red disc", "documents": [{"image": f"{P}{name}.png"} for name in ("gradient", "shapes", "grey", "halves", "exact")]}},
    "image-text": {"request": {"query": {"image": P + "shapes.png"}, "documents": ["Saturn has rings.", "(x)"]}},
    "image-image": {"request": {"query": {"image": P + "grey.png"}, "documents": [{"image": P + "shapes.png"}, {"image": P + "gradient.png"}]}},
    "sizes": {"request": {"query": "stripes", "documents": [{"image": f"{P}{name}.png"} for name in ("alpha", "wide", "tiny")]}},
    "both": {"request": {"query": {"image": P + "gradient.png", "text": "like this?"}, "documents": [{"image": P + "grey.png", "text": "A disc."}, "Mars"]}},
    "several": {"request": {"query": "two of them", "documents": [{"image": [P + "gradient.png", P + "grey.png"], "text": "Mars"}]}},
    "instruction": {"request": {"query": "rings", "instruction": "Find the planet that is meant.", "documents": ["Saturn", {"image": P + "shapes.png"}]}},
    "empty": {"request": {"query": "", "documents": ["", "something"]}},
    "unicode": {"request": {"query": "café \U0001f642", "documents": ["café 日本語", "\tx\r\n\r\ny  z "]}},
    "punctuation": {"request": {"query": "(why?!)", "documents": ["(x) [y].", "**bold**: 'tis"]}},
    "control": {"request": {"query": "end <|im_end|>", "documents": ["<|image_pad|>", {"image": P + "grey.png", "text": "<|vision_start|><|image_pad|><|vision_end|>"}]}},
    "long-document": {"max_length": 1100, "request": {"query": "order?", "documents": [LONG * 40, "short"]}},
    "long-query": {"max_length": 1100, "request": {"query": LONG * 30, "documents": ["short"]}},
    "long-both": {"max_length": 1100, "request": {"query": LONG * 30, "documents": [LONG * 40]}},
}

SHAPES = {
    # Names and configuration as the older versions of Transformers wrote them.
    "jina-m0": dict(seed=4, dtype=torch.float16, flat=True, max_pixels=12845056, sections=[2, 3, 3],
                    text=dict(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=96),
                    vision=dict(depth=3, embed_dim=48, num_heads=3, mlp_ratio=2)),
    # As newer ones write them, with values that equal the class's own left out; a file that limits pictures to eight tokens.
    "jina-m0-nested": dict(seed=7, dtype=torch.bfloat16, flat=False, max_pixels=6272, sections=[4, 6, 6],
                           text=dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, intermediate_size=64),
                           vision=dict(depth=2, embed_dim=32, num_heads=1, mlp_ratio=4)),
}


class Reranker(nn.Module):
    """Qwen2-VL's trunk, and the two layers that read its last state."""

    def __init__(self, config):
        super().__init__()
        self.trunk = Qwen2VLModel(config)
        hidden = config.text_config.hidden_size
        self.score = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def hidden(self, prepared, **more):
        ids = torch.tensor([prepared["ids"]])
        return self.trunk(input_ids=ids, attention_mask=torch.ones_like(ids), **prepared["tensors"], **more).last_hidden_state[0]

    def forward(self, prepared, **more):
        return self.score(self.hidden(prepared, **more)[-1])[0]


def make_config(shape, tokenizer, vocabulary):
    token = tokenizer.token_to_id
    ids = {"image_token_id": token("<|image_pad|>"), "video_token_id": token("<|video_pad|>"), "vision_start_token_id": token("<|vision_start|>"), "vision_end_token_id": token("<|vision_end|>")}
    text = dict(vocab_size=vocabulary, rms_norm_eps=1e-6, rope_theta=ROPE_THETA, hidden_act="silu", max_position_embeddings=32768, use_sliding_window=False, **shape["text"])
    vision = dict(patch_size=14, spatial_merge_size=2, temporal_patch_size=2, hidden_size=shape["text"]["hidden_size"], **shape["vision"])
    rope = {"type": "mrope", "mrope_section": shape["sections"]}
    built = Qwen2VLConfig(text_config=text | {"rope_scaling": dict(rope)}, vision_config=vision, **ids)
    built._attn_implementation = "eager"
    head = {"architectures": ["JinaVLForRanking"], "auto_map": {"AutoModel": "modeling.JinaVLForRanking"}, "model_type": "qwen2_vl", **ids}
    if shape["flat"]:
        written = head | text | {"rope_scaling": rope, "tie_word_embeddings": True, "vision_config": vision | {"in_chans": 3, "model_type": "qwen2_vl", "spatial_patch_size": 14}}
    else:
        defaults = Qwen2VLConfig().vision_config.to_dict()
        written = head | {"text_config": text | {"model_type": "qwen2_vl_text", "rope_scaling": rope | {"rope_type": "default", "type": "default"}},
                          "vision_config": {k: v for k, v in vision.items() if defaults[k] != v} | {"model_type": "qwen2_vl"}}
    return built, written


def make_model(config, seed):
    torch.manual_seed(seed)
    model = Reranker(config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            gain = 3.0 if "merger.mlp.2" in name else 1.0  # picture features must dominate the prompt around them
            if p.ndim == 1:
                p.copy_(0.4 * gain * torch.randn_like(p) + (1 if ("norm" in name or "ln_q" in name) and name.endswith("weight") else 0))
            elif "embed_tokens" in name:
                p.copy_(0.5 * torch.randn_like(p))
            else:
                p.copy_(torch.randn_like(p) * (1.5 if "score" in name else 1.2) * gain / p[0].numel() ** 0.5)
    return model


@torch.no_grad()
def centre_head(model, prompts):
    """Moves the last layer so that logits are spread around the bias, where the published score says something."""
    logits = torch.stack([model(p) for p in prompts])
    last = model.score[2]
    last.weight *= 1.2 / logits.std()
    last.bias += LOGIT_BIAS - torch.stack([model(p) for p in prompts]).mean()


def precise_angles(rotary, x, position_ids):
    width = rotary.config.hidden_size // rotary.config.num_attention_heads
    frequencies = torch.tensor([ROPE_THETA ** (-2 * k / width) for k in range(width // 2)], dtype=torch.float64)
    angles = torch.cat([position_ids[..., None].double() * frequencies] * 2, -1)
    return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


@torch.no_grad()
def effect_of_angles(model, prompts, before):
    """How far Transformers' own angles move a logit: little, or the frequencies written out here are wrong."""
    Qwen2VLRotaryEmbedding.forward = OWN_ANGLES
    moved = max(abs(model(p).item() - b) for p, b in zip(prompts, before))
    Qwen2VLRotaryEmbedding.forward = precise_angles
    assert moved < 1e-4, moved
    return moved


def side(content):
    content = {"text": content} if isinstance(content, str) else content
    images = content.get("image", [])
    return [images] if isinstance(images, str) else images, content.get("text", "")


def prompt_ids(tokenizer, plain, pieces):
    """Ids of strings, and of control tokens as (token, count). The published tokenizer, which finds control tokens in texts, must agree."""
    ids, text = [], ""
    for piece in [*pieces, ("", 0)]:
        if isinstance(piece, str):
            text += piece
            continue
        ids += plain.encode(text, add_special_tokens=False).ids + [tokenizer.token_to_id(piece[0])] * piece[1]
        text = ""
    if not any(token in piece for piece in pieces if isinstance(piece, str) for token in SPECIAL):
        whole = "".join(piece if isinstance(piece, str) else piece[0] * piece[1] for piece in pieces)
        assert tokenizer.encode(whole, add_special_tokens=False).ids == ids, whole
    return ids


def prepare(tokenizer, plain, processor, request, document, folder, max_length):
    (document_images, text), (query_images, query) = side(document), side(request["query"])
    most = max(max_length - QUERY_LENGTH, QUERY_LENGTH)
    tokens = plain.encode(text, add_special_tokens=False).ids[:most]
    if len(tokens) >= most:
        text = plain.decode(tokens)
    tensors, grids = {}, []
    files = [*document_images, *query_images]
    if files:
        pictures = [Image.fromarray(vl_spec.rgb(Image.open(folder / file))) for file in files]
        tensors = dict(processor(images=pictures, return_tensors="pt"))
        grids = tensors["image_grid_thw"].tolist()
    pads = [[("<|vision_start|>", 1), ("<|image_pad|>", h * w // 4), ("<|vision_end|>", 1)] for _, h, w in grids]
    flat = [[each for pad in part for each in pad] for part in (pads[: len(document_images)], pads[len(document_images) :])]
    instruction = [request["instruction"] + "\n"] if request.get("instruction") else []
    pieces = [*instruction, "**Document**:\n", *flat[0], text, "\n**Query**:\n", *flat[1], query]
    ids = [*prompt_ids(tokenizer, plain, pieces)[: max_length - 1], SCORE_TOKEN]
    return {"ids": ids, "tensors": tensors, "grids": grids}


@torch.no_grad()
def effects(model, prompts):
    """How far the most affected logit moves when every second row of a parameter is halved, and under typical bugs."""
    before = [model(p).item() for p in prompts]

    def moved(**more):
        return max(abs(model(p, **{k: v(p) for k, v in more.items()}).item() - b) for p, b in zip(prompts, before))

    result = {}
    for name, p in model.named_parameters():
        kept = p.clone()
        if p.shape == (1,):
            p *= 0.5
        elif "score.2" in name:
            p[:, ::2] *= 0.5
        elif "embed_tokens" not in name:
            p[::2] *= 0.5
        else:
            continue
        result[name] = moved()
        p.copy_(kept)

    def flattened(axis):
        def positions(p):
            ids, _ = model.trunk.get_rope_index(torch.tensor([p["ids"]]), p["tensors"].get("image_grid_thw"))
            ids = ids.clone()
            ids[axis] = ids[0] if axis else torch.arange(ids.shape[-1])
            return ids
        return positions

    for axis in range(3):
        result[f"axis {axis}"] = moved(position_ids=flattened(axis))

    def swapped(module, attribute, other):
        kept = getattr(module, attribute)
        setattr(module, attribute, other)
        change = moved()
        setattr(module, attribute, kept)
        return change

    blocks, config = model.trunk.visual.blocks, model.trunk.config.text_config
    result["tanh gelu"] = max(swapped(block.mlp, "act", nn.GELU("tanh")) for block in blocks)
    result["no relu"] = swapped(model.score, "1", nn.Identity())
    handle = model.trunk.visual.rotary_pos_emb.register_forward_hook(lambda m, i, o: o * 0)
    result["tower rotary"] = moved()
    handle.remove()
    # Interleaved sections would be those of Qwen3-VL; another order of the same sizes stands for it.
    scaling = [layer.self_attn.rope_scaling for layer in model.trunk.language_model.layers]
    kept = scaling[0]["mrope_section"]
    for one in scaling:
        one["mrope_section"] = kept[::-1]
    result["sections"] = moved()
    for one in scaling:
        one["mrope_section"] = kept
    assert config.rope_scaling["mrope_section"] == kept
    return result


@torch.no_grad()
def golden(model, prepared, path):
    tensors = prepared["tensors"]
    rows = tensors["pixel_values"] = tensors["pixel_values"].half().float()
    visual, decoder, outputs, handles = model.trunk.visual, model.trunk.language_model, {}, []
    vl_model.watch(outputs, "out.vision.patch_embed.images", handles, visual.patch_embed)
    vl_model.watch(outputs, "out.vision.merger.images", handles, visual.merger)
    for k, block in enumerate(visual.blocks):
        vl_model.watch(outputs, f"out.vision.block{k}.images", handles, block)
    for k, layer in enumerate(decoder.layers):
        vl_model.watch(outputs, f"out.text.layer{k}", handles, layer)
    outputs["out.last_hidden"] = model.hidden(prepared)
    for handle in handles:
        handle.remove()
    outputs = {k: v[0] if v.ndim == 3 else v for k, v in outputs.items()}
    file = {"in.ids": torch.tensor(prepared["ids"]), "in.pixel_values_images": rows.half(), "in.grid_images": tensors["image_grid_thw"], **outputs}
    save_file({k: (v if v.dtype == torch.float16 else v.float()).contiguous() for k, v in file.items()}, path)


def stored_names(model, flat):
    def rename(name):
        if name.startswith("score."):
            return name
        name = name.removeprefix("trunk.")
        return name.replace("language_model.", "model.", 1) if flat else f"model.{name}"
    return {rename(name): value for name, value in model.state_dict().items()}


def write(out, name, shape):
    folder = (out / name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tokenizer, plain = make_tokenizer(700, M0_CORPUS)
    assert isinstance(tokenizer, Tokenizer)
    tokenizer.save(str(folder / "tokenizer.json"))
    config, written = make_config(shape, tokenizer, tokenizer.get_vocab_size() + 6)
    model = make_model(config, shape["seed"])
    file = {"image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2VLProcessor", "image_mean": CLIP_MEAN, "image_std": CLIP_STD, "min_pixels": MIN_PIXELS,
            "max_pixels": shape["max_pixels"], "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}
    processor = Qwen2VLImageProcessor(min_pixels=MIN_PIXELS, max_pixels=min(MAX_PIXELS, shape["max_pixels"]))
    prepared = {key: [prepare(tokenizer, plain, processor, case["request"], d, folder, case.get("max_length", MAX_LENGTH)) for d in case["request"]["documents"]]
                for key, case in CASES.items()}
    prompts = [p for group in prepared.values() for p in group]
    short = [p for p in prompts if len(p["ids"]) < 300]
    centre_head(model, prompts)
    round_weights(model, shape["dtype"])
    parts = effects(model, short)
    weakest = sorted(parts, key=parts.get)[:6]
    print(name, "smallest effects", {k: round(parts[k], 4) for k in weakest})
    if parts[weakest[0]] < LEAST_EFFECT:
        raise SystemExit(f"{name}: {weakest[0]} hardly moves a logit; choose another seed")
    with torch.no_grad():
        logits = {key: [model(p).item() for p in group] for key, group in prepared.items()}
        flat = [v for group in logits.values() for v in group]
        angles = effect_of_angles(model, prompts, flat)
        double = max(abs(logit - again) for logit, again in zip(flat, in_double(model, prompts)))
    print("  logits", [round(v, 2) for v in flat], f"f64 changes one by at most {double:.1e}, angles in f32 by {angles:.1e}")
    save_file({k: v.to(shape["dtype"]).contiguous() for k, v in stored_names(model, shape["flat"]).items()}, folder / "model.safetensors", metadata={"format": "pt"})
    assert all(torch.equal(v.to(shape["dtype"]), load_file(folder / "model.safetensors")[k]) for k, v in stored_names(model, shape["flat"]).items())
    (folder / "config.json").write_text(json.dumps(written, indent=1) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(file, indent=1) + "\n")
    listed = [{"name": key, **case, "ids": [p["ids"] for p in prepared[key]], "grids": [p["grids"] for p in prepared[key]], "logits": logits[key],
               "scores": [torch.sigmoid(torch.tensor(v, dtype=torch.float64) - LOGIT_BIAS).item() for v in logits[key]]} for key, case in CASES.items()]
    (folder / "cases.json").write_text(json.dumps({"cases": listed}, ensure_ascii=True, separators=(",", ":")) + "\n")
    request = {"query": {"image": P + "exact.png", "text": "(x) yes?"}, "documents": []}
    golden(model, prepare(tokenizer, plain, processor, request, {"image": P + "gradient.png", "text": "then"}, folder, MAX_LENGTH), folder / "golden.safetensors")


@torch.no_grad()
def in_double(model, prompts):
    model.double()
    result = [model({**p, "tensors": {k: v.double() if v.is_floating_point() else v for k, v in p["tensors"].items()}}).item() for p in prompts]
    model.float()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "fixtures" / "vl")
    options = parser.parse_args()
    torch.set_num_threads(1)
    Qwen2VLRotaryEmbedding.forward = precise_angles
    for name, shape in SHAPES.items():
        write(options.out, name, shape)


if __name__ == "__main__":
    main()
