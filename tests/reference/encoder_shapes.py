"""The models of the encoder fixtures: name, family, shape and tokenizer; and random shapes for held-out models. Used by make_encoder_fixtures.py."""

from pathlib import Path

import torch
from tokenizers import Tokenizer

import encoder_tokenizers as tokenizers
from encoder_chain import Ettin
from encoder_decoders import Qwen3Score, QwenAnswers, QwenLabels, mxbai_ids, qwen3_ids
from encoder_families import Bert, DistilBert, Electra, ModernBert, Roberta, XlmRoberta
from encoder_variants import Deberta, Gte, JinaAlibi, JinaFlash

F16, BF16, F32 = torch.float16, torch.bfloat16, torch.float32
IDENTITY = {"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity", "version": "5.0.0"}}
OLD_IDENTITY = {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}
BIASES = dict(norm_bias=True, attention_bias=True, mlp_bias=True, classifier_bias=True)
NTK = {"type": "ntk", "factor": 8.0}
QWEN = Path(__file__).parent.parent / "fixtures" / "text" / "tiny-tied" / "tokenizer.json"


def model(family, made, **shape):
    tokenizer, settings, special = made
    return {"family": family, "shape": shape, "tokenizer": tokenizer, "settings": settings, "special": special}


def qwen(family, encode, **shape):
    tokenizer = Tokenizer.from_file(str(QWEN))
    names = dict(eos_token="<|im_end|>", pad_token="<|endoftext|>")
    made = tokenizer, dict(add_prefix_space=False, clean_up_tokenization_spaces=False, tokenizer_class="Qwen2Tokenizer", **names), names
    return model(family, made, tokenizer_limit=131072, **shape) | {"encode": encode}


SHAPES = {
    "bert": lambda: model(Bert, tokenizers.wordpiece(460, True), hidden=32, layers=3, heads=2, inner=80, limit=64, activation="identity", config=IDENTITY),
    "bert-cased": lambda: model(Bert, tokenizers.wordpiece(500, False), hidden=60, layers=2, heads=3, inner=88, limit=80, dtype=F16, old_names=True, activation="identity",
                                config=OLD_IDENTITY | {"hidden_act": "gelu_new"}),
    "roberta": lambda: model(Roberta, tokenizers.roberta_bpe(520), hidden=48, layers=2, heads=4, inner=80, limit=72, dtype=BF16),
    "xlm-roberta": lambda: model(XlmRoberta, tokenizers.xlm_roberta(480, True, True), hidden=32, layers=2, heads=2, inner=64, limit=64, dtype=F16, activation="identity", config=IDENTITY),
    "modernbert-cls": lambda: model(ModernBert, tokenizers.neox_bpe(560), hidden=40, layers=4, heads=5, inner=56, limit=96, window=16, every=3, global_theta=160000.0, local_theta=10000.0, dtype=F16),
    "modernbert-mean": lambda: model(ModernBert, tokenizers.neox_bpe(600), hidden=40, layers=3, heads=2, inner=72, limit=96, window=8, every=2, global_theta=80000.0, local_theta=5000.0, pooling="mean", new_style=True,
                                     dtype=BF16, shards=2, config=BIASES),
    "ettin": lambda: model(Ettin, tokenizers.neox_bpe(540), hidden=32, layers=4, heads=2, inner=48, limit=79, tokenizer_limit=120, window=16, every=3, global_theta=160000.0, local_theta=80000.0, new_style=True,
                           activation="identity"),
    "ettin-old-modules": lambda: model(Ettin, tokenizers.neox_bpe(440), hidden=32, layers=3, heads=2, inner=40, limit=90, tokenizer_limit=64, window=8, every=2, global_theta=160000.0, local_theta=10000.0,
                                       pooling="mean", dtype=F16, activation="identity", old_modules=True),
    "electra": lambda: model(Electra, tokenizers.wordpiece(420, True, "ElectraTokenizer"), hidden=40, embedding=24, layers=2, heads=2, inner=72, limit=64, dtype=BF16),
    "distilbert": lambda: model(DistilBert, tokenizers.wordpiece(450, False, "DistilBertTokenizer"), hidden=48, layers=2, heads=4, inner=64, limit=64, dtype=F16),
    "jina-v2": lambda: model(JinaFlash, tokenizers.xlm_roberta(420, False, False), hidden=48, layers=2, heads=3, inner=96, limit=72, dtype=BF16),
    "gte": lambda: model(Gte, tokenizers.xlm_roberta(400, False, True), hidden=48, layers=2, heads=3, inner=72, limit=96, theta=20000.0, scaling=NTK, dtype=F16),
    "gte-plain-rope": lambda: model(Gte, tokenizers.xlm_roberta(380, False, False), hidden=32, layers=2, heads=4, inner=40, limit=64, theta=160000.0, dtype=BF16),
    "jina-v1": lambda: model(JinaAlibi, tokenizers.roberta_bpe(480), hidden=48, layers=2, heads=6, inner=64, limit=96, dtype=F16),
    "deberta": lambda: model(Deberta, tokenizers.deberta(440, False), hidden=48, layers=2, heads=3, inner=80, limit=80, positions=80, buckets=16, dtype=F16, norm_dtype=F32),
    "deberta-nfc": lambda: model(Deberta, tokenizers.deberta(420, None), hidden=36, layers=3, heads=3, inner=60, limit=64, positions=90, buckets=12, dtype=BF16, pos_att_type="p2c|c2p"),
    "qwen2-mxbai": lambda: qwen(QwenAnswers, mxbai_ids, hidden=32, layers=2, heads=4, kv=1, inner=64, limit=8192, tied=True, activation="identity", dtype=BF16),
    "qwen2-seq": lambda: qwen(QwenLabels, mxbai_ids, hidden=24, layers=2, heads=3, kv=3, inner=56, limit=8192, dtype=F16),
    "qwen3-score": lambda: qwen(Qwen3Score, qwen3_ids, hidden=40, layers=2, heads=4, kv=2, head=16, inner=64, limit=8192, dtype=BF16),
}


def random_tokenizer(family, rng):
    size = rng.randint(340, 900)
    if issubclass(family, (XlmRoberta, JinaFlash, Gte)):
        return tokenizers.xlm_roberta(size, rng.random() < 0.5, rng.random() < 0.5)
    if issubclass(family, (Roberta, JinaAlibi)):
        return tokenizers.roberta_bpe(size)
    if issubclass(family, ModernBert):
        return tokenizers.neox_bpe(size)
    return tokenizers.deberta(size, rng.choice([True, False, None])) if issubclass(family, Deberta) else tokenizers.wordpiece(size, rng.random() < 0.5)


def random_shape(name, rng):
    """The family of a fixture with another shape."""
    old = SHAPES[name]()
    family, shape = old["family"], dict(old["shape"])
    heads, width = rng.choice([1, 2, 3, 4, 5, 6]), rng.choice([8, 12, 16, 20])
    shape |= dict(layers=rng.choice([1, 2, 3, 4]), heads=heads, hidden=heads * width, inner=rng.choice([36, 50, 64, 96]), dtype=rng.choice([F32, F16, BF16]))
    if "encode" in old:
        del shape["tokenizer_limit"]
        shape["kv"] = rng.choice([k for k in range(1, heads + 1) if heads % k == 0])
        return qwen(family, old["encode"], **shape)
    limit = rng.randint(40, 110)
    shape |= dict(limit=limit, positions=limit + rng.randint(0, 40), buckets=rng.choice([8, 12, 16, 24]), embedding=rng.choice([16, 24, heads * width]))
    if "tokenizer_limit" in shape:
        shape["tokenizer_limit"] = limit + rng.choice([-10, 10])
    if issubclass(family, ModernBert):
        shape |= dict(layers=rng.choice([3, 4, 5]), window=rng.choice([4, 8, 12, 20]), every=rng.choice([2, 3]), pooling=rng.choice(["cls", "mean"]), new_style=rng.random() < 0.5, old_modules=rng.random() < 0.5, config=rng.choice([{}, BIASES]))
    return model(family, random_tokenizer(family, rng), **shape)
