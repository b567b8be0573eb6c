"""Writes an embedding model with random weights for every engine, and the reference vectors.

make_embedder.py SHAPE OUT

As make_encoder.py, without a head: hf/ is a model of sentence-transformers (mean of the tokens, normalized), the ONNX files give the last hidden
states. reference.json has one number for each text: the product of its vector in float32 with a fixed vector of ones and minus ones, which
the pages compute too, so that whole vectors need not be compared.
"""

import json
import random
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel

from encoder_shapes import TOKENIZER_CONFIG, config
from make_encoder import SEED, SPREAD, export, fill, tokenizer_json
from workloads import text_of

TEXTS, TOKENS = 256, 64
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]


class Hidden(torch.nn.Module):
    """The last hidden states, as an output that the exporter of rerankers names `logits`."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        class Output:
            logits = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state

        return Output


def workload(tokenizer: Tokenizer) -> dict:
    random_ = random.Random(f"{SEED} texts")
    lengths = [round(TOKENS * (1 + SPREAD * (2 * (i + 0.5) / TEXTS - 1))) for i in range(TEXTS)]
    random_.shuffle(lengths)
    documents = [text_of(tokens - 2, random_, tokenizer) for tokens in lengths]
    ids = [tokenizer.encode(text).ids for text in documents]
    return {"name": f"{TEXTS}x{TOKENS}", "query": "", "documents": documents, "ids": ids, "types": [[0] * len(each) for each in ids]}


def signs(size: int) -> torch.Tensor:
    """The fixed vector, by a rule that a page can follow."""
    return torch.tensor([1.0 if (i * i + i // 3) % 2 else -1.0 for i in range(size)])


def products(model, ids: list) -> list[float]:
    result = []
    with torch.inference_mode():
        for each in ids:
            mean = model(input_ids=torch.tensor([each])).last_hidden_state[0].mean(0)
            result.append((torch.nn.functional.normalize(mean, dim=0) @ signs(len(mean))).item())
    return result


def main(name: str, out: Path) -> None:
    hf = out / "hf"
    (hf / "1_Pooling").mkdir(parents=True, exist_ok=True)
    shape = config(name) | {"architectures": ["BertModel"]}
    shape.pop("sentence_transformers")
    (hf / "config.json").write_text(json.dumps(shape, indent=1))
    (hf / "tokenizer.json").write_text(json.dumps(tokenizer_json(), ensure_ascii=False), encoding="utf-8")
    (hf / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_CONFIG))
    (hf / "modules.json").write_text(json.dumps(MODULES))
    pooling = {"word_embedding_dimension": shape["hidden_size"], "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (hf / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    asked = AutoConfig.from_pretrained(hf, attn_implementation="eager")
    model = AutoModel.from_config(asked, dtype=torch.float32, add_pooling_layer=False).eval()
    fill(model, torch.Generator().manual_seed(SEED))
    model.save_pretrained(hf)
    (hf / "config.json").write_text(json.dumps(shape, indent=1))
    asked = workload(Tokenizer.from_str(json.dumps(tokenizer_json())))
    (out / "workloads.json").write_text(json.dumps([asked]))
    (out / "reference.json").write_text(json.dumps({asked["name"]: products(model, asked["ids"])}))
    export(Hidden(model), True, out / "onnx")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
