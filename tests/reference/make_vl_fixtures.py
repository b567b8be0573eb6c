"""Generates tiny random Qwen3-VL rerankers, pictures and requests, and their results in Transformers.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make_vl_fixtures.py --out ../fixtures/vl
    venv/bin/python make_vl_fixtures.py --held-out /tmp/held-out --seed 5          # a model of random shape, random requests
    venv/bin/python make_vl_fixtures.py --out DIR --official qwen3_vl_reranker.py  # also run Qwen's script on every case

For each model: config.json, preprocessor_config.json, tokenizer.json, model.safetensors, cases.json (requests, token ids, grids,
scores) and golden.safetensors (every stage of one prompt with an image and a video). The script fails if the reference
preprocessing differs from vl_spec.py, or if a parameter does not affect any score.
"""

import argparse
import json
import random
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import Qwen3VLForConditionalGeneration

import vl_cases
import vl_model
import vl_pictures
import vl_processing as processing
from make_text_fixtures import round_weights

LEAST_EFFECT = 5e-3
SHAPES = {
    "vl-tied": dict(seed=4, tied=True, dtype=torch.float16, vocabulary=700, mrope_section=[6, 5, 5],
                    text=dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=32, intermediate_size=96),
                    vision=dict(depth=4, hidden_size=32, num_heads=2, intermediate_size=48, deepstack_visual_indexes=[0, 2, 3], num_position_embeddings=2304)),
    "vl-untied": dict(seed=4, tied=False, dtype=torch.bfloat16, vocabulary=700, mrope_section=[4, 2, 2],
                      text=dict(hidden_size=96, num_hidden_layers=5, num_attention_heads=6, num_key_value_heads=2, head_dim=16, intermediate_size=64),
                      vision=dict(depth=3, hidden_size=48, num_heads=4, intermediate_size=40, deepstack_visual_indexes=[1, 2], num_position_embeddings=144)),
}


def random_shape(seed):
    rng = random.Random(seed)
    kv, head_dim, heads, dim = rng.choice([1, 2, 4]), rng.choice([16, 24, 32, 64]), rng.choice([1, 2, 3, 4]), rng.choice([8, 12, 16, 24])
    depth, layers, third = rng.randint(2, 6), rng.randint(3, 6), head_dim // 2 // 3
    return dict(seed=seed, tied=rng.random() < 0.5, dtype=rng.choice([torch.float32, torch.float16, torch.bfloat16]), vocabulary=rng.randint(450, 800),
                mrope_section=[head_dim // 2 - 2 * third, third, third],
                text=dict(hidden_size=32 * rng.randint(1, 5), num_hidden_layers=layers, num_attention_heads=kv * rng.randint(1, 4), num_key_value_heads=kv,
                          head_dim=head_dim, intermediate_size=8 * rng.randint(6, 24)),
                vision=dict(depth=depth, hidden_size=heads * dim, num_heads=heads, intermediate_size=4 * rng.randint(6, 20), num_position_embeddings=rng.randint(3, 20) ** 2,
                            deepstack_visual_indexes=sorted(rng.sample(range(depth), rng.randint(1, min(3, depth))))))


def limits_of(case):
    return {"max_length": case.get("max_length", processing.MAX_LENGTH), "max_pixels": case.get("max_pixels", processing.MAX_PIXELS),
            "max_frames": case["request"].get("max_frames", processing.MAX_FRAMES)}


def prepare_all(cases, folder, tokenizer, plain):
    processor, tally = processing.make_processor(folder / "tokenizer.json"), {}
    prepared = {name: [processing.prepare(processor, tokenizer, plain, c["request"], d, folder, limits_of(c), tally) for d in c["request"]["documents"]]
                for name, c in cases.items()}
    print("  patch values that differ from vl_spec.py, of all:", tally)
    return processor, prepared


def every_part_matters(model, prepared, yes, no):
    """Whether every parameter and every structure affects a score by more than any tolerance of the tests."""
    def share(p):  # patches per prompt token
        return sum(t * h * w for t, h, w in p["grids"]) / len(p["ids"])

    prompts = sorted((p for group in prepared.values() for p in group if p["grids"]), key=share)
    stills = [p for p in prompts if all(t * h * w <= 64 for t, h, w in p["grids"])][-10:]
    large = [p for p in prompts if any(64 < t * h * w <= 600 for t, h, w in p["grids"])][-2:]
    prompts = stills + large
    parts = vl_model.halved_parameters(model, prompts, yes, no) | vl_model.structural(model, prompts, yes, no)
    weakest = sorted(parts, key=parts.get)[:6]
    print("  smallest effects", {k: round(parts[k], 4) for k in weakest})
    return parts[weakest[0]] > LEAST_EFFECT


def write_model(folder, model, config, dtype):
    tied = config["tie_word_embeddings"]
    state = {k: v.to(dtype).contiguous() for k, v in model.state_dict().items() if not (tied and k == "lm_head.weight")}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config["text_config"]["dtype"] = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(processing.PREPROCESSOR, indent=1) + "\n")


def check_stored(folder, prepared, scores, yes, no):
    """The stored files must give the same scores, and f64 arithmetic nearly the same."""
    stored = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    flat = [(p, s) for name, group in prepared.items() for p, s in zip(group, scores[name])]
    again = max(abs(vl_model.score(stored, p, yes, no) - s) for p, s in flat)
    assert again < 1e-6, f"the files give other scores: {again}"
    levels = max(abs(vl_model.score(stored, p | {"tensors": p["described"]}, yes, no) - s) for p, s in flat)
    print(f"  patch rows of vl_spec.py change a score by at most {levels:.1e}")
    double = stored.double()
    rounding = max(abs(vl_model.score(double, p, yes, no) - s) for p, s in flat)
    print(f"  f64 changes a score by at most {rounding:.1e}")
    assert rounding < 1e-4, "the model is ill-conditioned; choose another seed"


def golden_prompt(processor, stills, frames, folder):
    sizes = {"video": {"resized_height": 64, "resized_width": 64}, "image": {"resized_height": 64, "resized_width": 96}}
    conversation = [{"role": "user", "content": [
        {"type": "video", "video": [f"file://{folder / f}" for f in frames[:4]], **sizes["video"]}, {"type": "text", "text": "then"},
        {"type": "image", "image": f"file://{folder / stills[0]}", **sizes["image"]}, {"type": "text", "text": "(x) yes?"}]}]
    ids, tensors = processing.by_reference(processor, conversation, processing.MAX_LENGTH)
    return {"ids": ids, "tensors": tensors, "grids": tensors["video_grid_thw"].tolist() + tensors["image_grid_thw"].tolist()}


def run_official(script, folder, processor, cases, scores):
    """Runs Qwen's script on the same files, without the requests that this project treats differently on purpose."""
    import importlib.util
    import sys
    import types
    sys.modules.setdefault("scipy", types.ModuleType("scipy")).special = None  # imported there, never used
    spec = importlib.util.spec_from_file_location("official", script)
    official = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(official)
    with tempfile.TemporaryDirectory() as merged:
        processor.save_pretrained(merged)
        for file in ("config.json", "model.safetensors"):
            shutil.copy(folder / file, merged)
        reranker, largest = official.Qwen3VLReranker(merged, dtype=torch.float32, attn_implementation="eager"), 0.0
    for name, case in cases.items():
        if name in ("control", "empty"):
            continue
        limits, request = limits_of(case), case["request"]
        reranker.max_length, reranker.max_pixels, reranker.max_frames = limits["max_length"], limits["max_pixels"], limits["max_frames"]
        sides = [as_paths(side, folder) for side in [request["query"], *request["documents"]]]
        got = reranker.process({**request, "query": sides[0], "documents": sides[1:]})
        largest = max(largest, *(abs(a - b) for a, b in zip(got, scores[name], strict=True)))
    print(f"  Qwen's script differs by at most {largest:.1e}")
    assert largest < 1e-5


def as_paths(side, folder):
    """Makes paths absolute for Qwen's script and removes empty texts, which it does not replace by NULL."""
    side = {"text": side} if isinstance(side, str) else side
    absolute = {k: [str(folder / p) for p in processing.as_list(v)] for k, v in side.items() if k != "text"}
    return {"text": [t for t in processing.as_list(side.get("text")) if t]} | absolute


def write(out, name, shape, cases, pictures, official=None):
    """Writes one model. Returns False if it is unsuitable: scores saturate or a part hardly affects them."""
    folder = (out / name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(name, shape)
    tokenizer, plain = processing.tokenizers(shape["vocabulary"])
    tokenizer.save(str(folder / "tokenizer.json"))
    yes, no = tokenizer.token_to_id("yes"), tokenizer.token_to_id("no")
    config = vl_model.make_config(shape, tokenizer, tokenizer.get_vocab_size() + 6)  # padded like the published tables
    model = vl_model.make_model(config, shape["seed"])
    processor, prepared = prepare_all(cases, folder, tokenizer, plain)
    vl_model.normalise_head(model, [p for group in prepared.values() for p in group], yes, no)
    round_weights(model, shape["dtype"])  # score the weights as they are stored
    for group in prepared.values():
        for p in group:
            processing.check_positions(model, p)
    scores = {key: [vl_model.score(model, p, yes, no) for p in group] for key, group in prepared.items()}
    spread = [s for group in scores.values() for s in group]
    print("  scores", [round(s, 3) for s in spread])
    if not (min(spread) > 0.05 and max(spread) < 0.95 and every_part_matters(model, prepared, yes, no)):
        return False
    write_model(folder, model, config, shape["dtype"])
    listed = [{"name": key, **case, "ids": [p["ids"] for p in prepared[key]], "grids": [p["grids"] for p in prepared[key]], "scores": scores[key]}
              for key, case in cases.items()]
    (folder / "cases.json").write_text(json.dumps({"yes": yes, "no": no, "cases": listed}, ensure_ascii=True, separators=(",", ":")) + "\n")
    check_stored(folder, prepared, scores, yes, no)
    staged = golden_prompt(processor, *pictures, folder)
    vl_model.golden(model, staged, processing.check_positions(model, staged), folder / "golden.safetensors")
    if official:
        run_official(official, folder, processor, cases, scores)
    return True


def held_out(out, seed, official):
    """Draws random models until one is suitable."""
    rng = random.Random(seed)
    sizes = {f"still{i}": (rng.randint(4, 180), rng.randint(4, 180), rng.choice(["RGB", "RGB", "RGBA", "L"])) for i in range(7)}
    pictures = vl_pictures.draw_all(out / f"pictures-{seed}", sizes, (7, rng.randint(30, 150), rng.randint(30, 150)), seed)
    cases = vl_cases.random_cases(seed, *pictures)
    for attempt in range(50):
        if write(out, f"held-out-{seed}", random_shape(seed + 1000 * attempt), cases, pictures, official):
            return
    raise SystemExit("no random model was suitable; choose another seed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "fixtures" / "vl")
    parser.add_argument("--held-out", type=Path, help="write one model of random shape here instead")
    parser.add_argument("--seed", type=int, default=1, help="of the held-out model")
    parser.add_argument("--official", type=Path, help="Qwen3-VL-Embedding's src/models/qwen3_vl_reranker.py")
    options = parser.parse_args()
    torch.set_num_threads(2)
    if options.held_out:
        return held_out(options.held_out, options.seed, options.official)
    pictures = vl_pictures.draw_all(options.out / "pictures")
    for name, shape in SHAPES.items():
        if not write(options.out, name, shape, vl_cases.CASES, pictures, options.official):
            raise SystemExit(f"{name}: scores saturate or a part hardly affects them; choose another seed")


if __name__ == "__main__":
    main()
