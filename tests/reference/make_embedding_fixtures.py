"""Generates tiny random embedding models and their vectors in sentence-transformers.

    python -m venv venv && venv/bin/pip install -r requirements-encoders.txt
    venv/bin/python make_embedding_fixtures.py                                  # the fixtures
    venv/bin/python make_embedding_fixtures.py --held-out /tmp/held-out --seed 5    # models of random shape with random texts; not in the repository

For each model: the files of a hub repository as sentence-transformers writes them, and cases.json with requests and vectors. Weights are far larger than those of an untrained model,
so that every part moves a vector; the script rejects a model whose vectors are all alike.
"""

import argparse
import json
import os
import random
import shutil
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
from tokenizers import Tokenizer, processors
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3Model,
    XLMRobertaConfig,
    XLMRobertaModel,
)

import encoder_tokenizers as tokenizers
from encoder_cases import LONG, REQUESTS
from encoder_models import lively

QWEN = Path(__file__).parent.parent / "fixtures" / "text" / "tiny-tied" / "tokenizer.json"
TASK = "Given a web search query, retrieve relevant passages that answer the query"
LEAST_DISTANCE = 0.02
torch.set_num_threads(1)

TEXTS = [REQUESTS[key]["query"] for key in ("planets", "accents", "scripts", "punctuation")] + REQUESTS["planets"]["documents"][:2] + ["Mars", "a", LONG * 6]


def bert(s, tokenizer):
    return BertModel(BertConfig(vocab_size=tokenizer.get_vocab_size() + 3, hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"],
                                max_position_embeddings=s["positions"], pad_token_id=0))


def distilbert(s, tokenizer):
    return DistilBertModel(DistilBertConfig(vocab_size=tokenizer.get_vocab_size() + 3, dim=s["hidden"], n_layers=s["layers"], n_heads=s["heads"], hidden_dim=s["inner"], max_position_embeddings=s["positions"], pad_token_id=0))


def xlm_roberta(s, tokenizer):
    return XLMRobertaModel(XLMRobertaConfig(vocab_size=tokenizer.get_vocab_size() + 3, hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"],
                                            max_position_embeddings=s["positions"] + 2, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2))


def modernbert(s, tokenizer):
    return ModernBertModel(ModernBertConfig(vocab_size=tokenizer.get_vocab_size() + 3, hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"],
                                            max_position_embeddings=8192, local_attention=16, global_attn_every_n_layers=2, pad_token_id=tokenizer.token_to_id("[PAD]"),
                                            cls_token_id=tokenizer.token_to_id("[CLS]"), sep_token_id=tokenizer.token_to_id("[SEP]")))


def qwen3(s, tokenizer):
    return Qwen3Model(Qwen3Config(vocab_size=tokenizer.get_vocab_size() + 4, hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], num_key_value_heads=s["kv"], head_dim=s["head"],
                                  intermediate_size=s["inner"], rope_parameters={"rope_type": "default", "rope_theta": 1e6}, max_position_embeddings=32768, tie_word_embeddings=True,
                                  pad_token_id=tokenizer.token_to_id("<|endoftext|>"), eos_token_id=tokenizer.token_to_id("<|endoftext|>")))


def qwen_tokenizer():
    """Qwen3-Embedding's tokenizer puts <|endoftext|> behind every text."""
    tokenizer = Tokenizer.from_file(str(QWEN))
    end = tokenizer.token_to_id("<|endoftext|>")
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False, use_regex=False), processors.TemplateProcessing(single="$A <|endoftext|>", pair="$A $B <|endoftext|>", special_tokens=[("<|endoftext|>", end)])])
    names = dict(eos_token="<|endoftext|>", pad_token="<|endoftext|>")
    return tokenizer, dict(tokenizer_class="Qwen2Tokenizer", model_max_length=131072, **names), names


def spec(build, made, pooling, **more):
    return {"build": build, "made": made, "pooling": pooling, "normalize": True, "dense": None, "prompts": {}, "modules": True, "dtype": torch.float32} | more


MODELS = {
    "bert-mean": lambda: spec(bert, tokenizers.wordpiece(460, True), "mean", hidden=48, layers=3, heads=4, inner=80, positions=64, limit=40),
    "bert-cls": lambda: spec(bert, tokenizers.wordpiece(430, True), "cls", hidden=32, layers=2, heads=2, inner=64, positions=72, limit=72, dtype=torch.float16,
                             prompts={"query": "Represent this sentence for searching relevant passages: "}),
    "bert-plain": lambda: spec(bert, tokenizers.wordpiece(400, False), "mean", hidden=40, layers=2, heads=2, inner=64, positions=64, limit=64, modules=False),
    "distilbert-dense": lambda: spec(distilbert, tokenizers.wordpiece(450, False, "DistilBertTokenizer"), "mean", hidden=48, layers=2, heads=4, inner=64, positions=64, limit=64, normalize=False, dense=20),
    "xlm-roberta-prompts": lambda: spec(xlm_roberta, tokenizers.xlm_roberta(420, False, False), "mean", hidden=48, layers=2, heads=3, inner=80, positions=72, limit=64, dtype=torch.float16,
                                        prompts={"query": "query: ", "document": "passage: "}, default="document"),
    "modernbert-cls": lambda: spec(modernbert, tokenizers.neox_bpe(560), "cls", hidden=40, layers=3, heads=5, inner=56, positions=8192, limit=96, dtype=torch.bfloat16),
    "qwen3-last": lambda: spec(qwen3, qwen_tokenizer(), "lasttoken", hidden=64, layers=3, heads=4, kv=2, head=32, inner=96, positions=32768, limit=None, dtype=torch.bfloat16,
                               prompts={"query": f"Instruct: {TASK}\nQuery:", "document": ""}),
}


def write_transformer(folder, s, seed):
    tokenizer, _, special = s["made"]
    torch.manual_seed(seed)
    model = s["build"](s, tokenizer).eval()
    lively(type("Owner", (), {"module": model}), seed)
    model.to(s["dtype"]).save_pretrained(folder)
    tokenizer.no_truncation()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{k: v for k, v in special.items() if isinstance(v, str)},
                                   **{k: v["content"] for k, v in special.items() if isinstance(v, dict)}, model_max_length=s["limit"] or 131072)
    fast.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)  # as published: transformers 5 writes other pipelines


def build(folder, s, seed):
    """The folder as sentence-transformers writes it, and its model in f32."""
    with tempfile.TemporaryDirectory() as plain:
        plain = Path(plain)
        write_transformer(plain, s, seed)
        if not s["modules"]:
            shutil.copytree(plain, folder)
        else:
            transformer = Transformer(str(plain), model_kwargs={"dtype": s["dtype"]})
            if s["limit"]:
                transformer.max_seq_length = s["limit"]
            modules = [transformer, Pooling(s["hidden"], pooling_mode=s["pooling"])]
            if s["dense"]:
                torch.manual_seed(seed + 1)
                dense = Dense(s["hidden"], s["dense"], activation_function=torch.nn.Tanh())
                torch.nn.init.normal_(dense.linear.weight, std=1.5 / s["hidden"] ** 0.5)
                modules.append(dense)
            if s["normalize"]:
                modules.append(Normalize())
            SentenceTransformer(modules=modules, device="cpu", prompts=s["prompts"], default_prompt_name=s.get("default")).save(str(folder), create_model_card=False)
            shutil.copy(plain / "tokenizer.json", folder / "tokenizer.json")
            if s["limit"] is None:
                (folder / "sentence_bert_config.json").unlink(missing_ok=True)
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32, "attn_implementation": "eager"})
    if not s["modules"]:
        model.append(Normalize())  # ours without modules.json: the mean, of unit length
    return model


def vectors(model, texts, prompt, dimensions, unit):
    with torch.no_grad():
        rows = [model.encode([text], prompt=prompt, convert_to_tensor=True)[0] for text in texts]
    stacked = torch.stack(rows).double()
    if dimensions:
        stacked = stacked[:, :dimensions]
        stacked = torch.nn.functional.normalize(stacked, dim=1) if unit else stacked
    return [[float(f"{v:.8g}") for v in row] for row in stacked.tolist()]


def cases(model, s, texts):
    """Requests as /v1/embeddings has them, and what the prompt of each is to sentence-transformers."""
    is_qwen, prompts = s["build"] is qwen3, s["prompts"]
    default = prompts.get(s.get("default"), "")
    requests = [("no type", {}, default), ("query", {"input_type": "query"}, prompts.get("query", "")), ("document", {"input_type": "document"}, prompts.get("document", "")),
                ("dimensions", {"dimensions": max(4, (s["dense"] or s["hidden"]) // 2)}, default)]
    if is_qwen:
        task = "Find the planet that is meant."
        requests += [("task", {"input_type": "query", "instruction": task}, f"Instruct: {task}\nQuery:"), ("task of a document", {"input_type": "document", "instruction": task}, "")]
    else:
        requests += [("instruction", {"instruction": "search: "}, "search: ")]
    unit = s["normalize"]
    return [{"name": name, "request": {"input": texts} | fields, "embeddings": vectors(model, texts, prompt, fields.get("dimensions"), unit)} for name, fields, prompt in requests]


def write(out, name, s, texts, seed):
    folder = out / name
    for attempt in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        model = build(folder, s, seed + attempt)
        written = cases(model, s, texts)
        rows = torch.nn.functional.normalize(torch.tensor(written[0]["embeddings"]), dim=1)
        alike = (1 - rows @ rows.T + torch.eye(len(rows)) * 9).min()
        if alike > LEAST_DISTANCE:
            break
    else:
        raise SystemExit(f"{name}: its vectors are alike with any seed")
    head = {"pooling": {"lasttoken": "last"}.get(s["pooling"], s["pooling"]), "dimensions": s["dense"] or s["hidden"], "normalized": s["normalize"]}
    (folder / "cases.json").write_text(json.dumps(head | {"cases": written}, ensure_ascii=True, separators=(",", ":")) + "\n")
    for extra in ("README.md", ".gitattributes"):
        (folder / extra).unlink(missing_ok=True)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    print(f"{name}: {size // 1000} KB, least distance {alike:.3f}")


def random_spec(name, rng):
    s = MODELS[name]()
    heads, width = rng.choice([1, 2, 3, 4, 6]), rng.choice([8, 12, 16, 20])
    s |= dict(layers=rng.choice([1, 2, 3, 4]), heads=heads, hidden=heads * width, inner=rng.choice([36, 50, 64, 96]), dtype=rng.choice([torch.float32, torch.float16, torch.bfloat16]), pooling=s["pooling"] if s["build"] is qwen3 or not s["modules"] else rng.choice(["mean", "cls"]))
    if "kv" in s:
        s |= dict(kv=rng.choice([k for k in range(1, heads + 1) if heads % k == 0]), head=rng.choice([16, 32]))
    if s["dense"]:
        s["dense"] = rng.choice([8, 24, 36])
    return s


def random_texts(rng):
    words = [w for line in tokenizers.CORPUS for w in line.split()]
    return [" ".join(rng.choice(words) for _ in range(rng.choice([1, 3, 10, 30, 120]))) for _ in range(8)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "fixtures" / "embedding")
    parser.add_argument("--only", nargs="*", help="names of models")
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for k, (name, make) in enumerate(MODELS.items()):
        if arguments.only and name not in arguments.only:
            continue
        rng = random.Random(f"{arguments.seed} {name}")
        if arguments.held_out:
            write(arguments.held_out, name, random_spec(name, rng), random_texts(rng), arguments.seed * 1000 + 50 * k)
        else:
            write(arguments.out, name, make(), TEXTS, 100 * (k + 1))


if __name__ == "__main__":
    main()
