"""Generates tiny random cross-encoders of every supported architecture and their results in sentence-transformers and Transformers.

    python -m venv venv && venv/bin/pip install -r requirements-encoders.txt
    venv/bin/python make_encoder_fixtures.py                                  # the fixtures
    venv/bin/python make_encoder_fixtures.py --held-out /tmp/held-out --seed 5    # models of random shape with random texts; not in the repository

For each model: the files of a hub repository, cases.json (requests, token ids, logits, scores) and golden.safetensors (intermediate stages of one pair). Logits are computed in f32 from
the stored, rounded weights. The script halves half of every parameter and imitates typical bugs, and rejects a model in which one of these hardly changes a logit.
"""

import argparse
import json
import os
import random
import shutil
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from safetensors.torch import save_file
from sentence_transformers import CrossEncoder

from encoder_cases import DECODER_REQUESTS, LITERAL, REQUESTS, random_requests
from encoder_checks import check
from encoder_models import golden, lively
from encoder_shapes import SHAPES, random_shape
from encoder_tokenizers import encode_pair, plain

TRIES = 40
torch.set_num_threads(1)  # the models are tiny, and one thread gives the same sums everywhere


def encode(spec, requests):
    """Ids and types of every pair. Where the text has no control tokens, the tokenizer itself gives the same ids as its copy without them."""
    tokenizer, encoded = spec["tokenizer"], {}
    copy, limit, ids = plain(tokenizer), spec["shape"]["limit"], spec.get("encode")
    for name, request in requests.items():
        most = request.get("max_length", limit)
        if ids:
            encoded[name] = [ids(tokenizer, copy, request, d, most) for d in request["documents"]]
            continue
        encoded[name] = [encode_pair(copy, request["query"], d, most) for d in request["documents"]]
        if name not in LITERAL:
            assert encoded[name] == [encode_pair(tokenizer, request["query"], d, most) for d in request["documents"]], name
    return encoded


def find_model(name, spec, encoded, seed):
    """A random model in which every part matters."""
    pairs = [pair for group in encoded.values() for pair in group]
    picked = [pair for key in ("planets", "long-document", "long-both", "long-query", "instruction", "cut-query", "accents", "scripts", "random-0", "random-1", "random-2") for pair in encoded.get(key, [])[:2]]
    for attempt in range(TRIES):
        torch.manual_seed(seed + attempt)
        family = spec["family"](spec["shape"], spec["tokenizer"])
        lively(family, seed + attempt)
        family.set_head(pairs)
        family.round()
        weak = check(name, family, picked)
        if not weak:
            return family
        print(f"{name}: seed {seed + attempt} rejected, {weak}")
    raise SystemExit(f"{name}: a part hardly affects the score with any seed")


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=True) + "\n")


def write_files(folder, spec, family):
    """What a hub repository holds."""
    write_json(folder / "config.json", family.config)
    spec["tokenizer"].no_truncation()
    spec["tokenizer"].save(str(folder / "tokenizer.json"), pretty=False)
    write_json(folder / "tokenizer_config.json", spec["settings"] | {"model_max_length": spec["shape"].get("tokenizer_limit", spec["shape"]["limit"])})
    write_json(folder / "special_tokens_map.json", spec["special"])
    write_tensors(folder, family.tensors(), spec["shape"].get("shards", 1))
    family.more_files(folder)


def write_tensors(folder, tensors, shards):
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, where = sorted(tensors), {}
    for k in range(shards):
        file = f"model-{k + 1:05}-of-{shards:05}.safetensors"
        part = names[k * len(names) // shards : (k + 1) * len(names) // shards]
        save_file({n: tensors[n] for n in part}, folder / file, metadata={"format": "pt"})
        where |= dict.fromkeys(part, file)
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))})


def score(activation, logit):
    return torch.sigmoid(torch.tensor(logit, dtype=torch.float64)).item() if activation == "sigmoid" else logit


def cases(family, requests, encoded, activation):
    result = []
    for name, request in requests.items():
        pairs = encoded[name]
        logits = [family.logits([pair]).item() for pair in pairs]
        case = {"name": name, "request": request, "ids": [ids for ids, _ in pairs]}
        if family.types:
            case["types"] = [types for _, types in pairs]
        case |= {"logits": logits, "scores": [score(activation, x) for x in logits]}
        result.append(case | ({"literal_specials": True} if name in LITERAL else {}))
    return result


def close(name, case, key, values):
    worst = max(abs(float(a) - b) for a, b in zip(values, case[key]))
    assert worst < 1e-5 * max(1, max(map(abs, case[key]))), (name, case["name"], key, worst)


def compare(name, folder, spec, family, written, activation):
    """sentence-transformers loads the folder and must give the same limit, logits and scores, for the ids and, where its own tokenizer gives the same ids, for the texts."""
    model = CrossEncoder(str(folder), device="cpu", model_kwargs={"dtype": torch.float32, "attn_implementation": "eager"})
    assert model.max_seq_length == spec["shape"]["limit"], (name, model.max_seq_length)
    assert type(model.activation_fn).__name__.lower() == activation, (name, model.activation_fn)
    differ = []
    for case in written:
        request = case["request"]
        model.max_seq_length = request.get("max_length", spec["shape"]["limit"])
        texts = [(request["query"], d) for d in request["documents"]]
        features = model.preprocess(texts)
        ids = [row[mask.bool()].tolist() for row, mask in zip(features["input_ids"], features["attention_mask"])]
        if ids != case["ids"]:
            differ.append(case["name"])
            for k, row in enumerate(case["ids"]):
                inputs = {"input_ids": torch.tensor([row]), "attention_mask": torch.ones(1, len(row), dtype=torch.long)} | ({"token_type_ids": torch.tensor([case["types"][k]])} if family.types else {})
                with torch.no_grad():
                    close(name, case | {"logits": case["logits"][k : k + 1]}, "logits", model(inputs | {"modality": "text"})["scores"].reshape(-1))
            continue
        if family.types:
            types = [row[mask.bool()].tolist() for row, mask in zip(features["token_type_ids"], features["attention_mask"])]
            assert types == case["types"], (name, case["name"])
        close(name, case, "logits", model.predict(texts, activation_fn=torch.nn.Identity(), show_progress_bar=False))
        close(name, case, "scores", model.predict(texts, show_progress_bar=False))
    print(f"{name}: sentence-transformers agrees" + (f", its own tokenizer differs in {', '.join(differ)}" if differ else ""))


def write(out, name, spec, requests, seed):
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    limit = spec["shape"]["limit"]
    encoded = encode(spec, requests)
    family = find_model(name, spec, encoded, seed)
    write_files(folder, spec, family)
    activation = spec["shape"].get("activation", "sigmoid")
    written = cases(family, requests, encoded, activation)
    if family.loads:
        compare(name, folder, spec, family, written, activation)
    else:
        family.reload(folder, [pair for group in encoded.values() for pair in group])
    head = {"family": family.name, "activation": activation, "pooling": family.pooling, "max_length": limit}
    (folder / "cases.json").write_text(json.dumps(head | {"cases": written}, ensure_ascii=True, separators=(",", ":")) + "\n")
    save_file(golden(family, *encoded["people" if "people" in encoded else "planets"][-1]), folder / "golden.safetensors")
    logits = torch.tensor([x for case in written for x in case["logits"]])
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    print(f"{name}: {size // 1000} KB, logits {logits.min():.2f} to {logits.max():.2f}, deviation {logits.std():.2f}\n")


def held_out(out, seed, only):
    for k, name in enumerate(SHAPES):
        if only and name not in only:
            continue
        rng = random.Random(f"{seed} {name}")
        spec = random_shape(name, rng)
        write(out, name, spec, random_requests(seed * 100 + k, (150, 260) if "encode" in spec else (10, 40)), seed * 1000 + k * 50)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "fixtures" / "encoder")
    parser.add_argument("--only", nargs="*", help="names of models")
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.held_out:
        held_out(arguments.held_out, arguments.seed, arguments.only)
        return
    for k, (name, make) in enumerate(SHAPES.items()):
        if not arguments.only or name in arguments.only:
            spec = make()
            write(arguments.out, name, spec, DECODER_REQUESTS if "encode" in spec else REQUESTS, 100 * (k + 1))


if __name__ == "__main__":
    main()
