"""The benchmarked shapes of encoders. Weights are random, since time does not depend on them."""

# name: model_type, layers, hidden, MLP, heads, vocabulary
ENCODERS = {
    "minilm-l6": ("bert", 6, 384, 1536, 12, 30_522),
    "ettin-17m": ("modernbert", 7, 256, 384, 4, 50_368),
    "ettin-68m": ("modernbert", 19, 512, 768, 8, 50_368),
}
# The tokens around texts in BERT's vocabulary, whose tokenizer all of them get.
PAD, CLS, SEP = 0, 101, 102
# Without the tokens' names transformers.js cannot pad.
TOKENIZER_CONFIG = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "model_max_length": 512,
    **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
}


def config(name: str) -> dict:
    """The config.json of a reranker of that shape."""
    model_type, layers, hidden, mlp, heads, vocabulary = ENCODERS[name]
    common = {
        "model_type": model_type,
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": mlp,
        "num_attention_heads": heads,
        "vocab_size": vocabulary,
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
        "pad_token_id": PAD,
        "torch_dtype": "float32",
        "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"},
    }
    if model_type == "bert":
        return common | {
            "architectures": ["BertForSequenceClassification"],
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
            "max_position_embeddings": 512,
            "type_vocab_size": 2,
        }
    return common | {
        "architectures": ["ModernBertForSequenceClassification"],
        "hidden_activation": "gelu",
        "norm_eps": 1e-5,
        "max_position_embeddings": 8192,
        "local_attention": 128,
        "global_attn_every_n_layers": 3,
        "global_rope_theta": 160_000.0,
        "local_rope_theta": 10_000.0,
        "classifier_pooling": "cls",
        "cls_token_id": CLS,
        "sep_token_id": SEP,
        "bos_token_id": CLS,
        "eos_token_id": SEP,
    }
