"""The benchmarked shapes. Weights are random, since time does not depend on them."""

SHAPES = {
    # name: layers, hidden, MLP, heads, key and value heads, size of a head
    "4x256": (4, 256, 768, 4, 2, 64),
    "8x512": (8, 512, 1536, 8, 4, 64),
    "0.6B": (28, 1024, 3072, 16, 8, 128),
    "2B": (28, 2048, 6144, 16, 8, 128),
}
VOCABULARY = 151_936


def config(name: str) -> dict:
    """The Qwen3 config.json of a shape."""
    layers, hidden, mlp, heads, kv_heads, head = SHAPES[name]
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": mlp,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head,
        "vocab_size": VOCABULARY,
        "tie_word_embeddings": True,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000,
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "use_sliding_window": False,
        "max_position_embeddings": 32_768,
        "torch_dtype": "bfloat16",
        "bos_token_id": 151_643,
        "eos_token_id": 151_645,
    }
