"""Vectors of the models of make_vl_fixtures.py, taken as Qwen3-VL-Embedding: the same weights, read with its prompt at the last token.

    venv/bin/python make_vl_embedding_fixtures.py            # with the packages of requirements.txt; writes embeddings.json beside each model

Ids and patches are checked as in make_vl_fixtures.py: by the reference's processor and by vl_spec.py.
"""

import argparse
import json
import unicodedata
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import Qwen3VLForConditionalGeneration

import vl_model
import vl_processing as processing

DEFAULT = "Represent the user's input."
LIMITS = {"max_length": 8192, "max_pixels": processing.MAX_PIXELS, "max_frames": processing.MAX_FRAMES}
REQUESTS = {
    "texts": {"input": ["hello", "a dark disc (far)", "\u65e5\u672c\u8a9e? .", "  spaces  "]},
    "instruction": {"input": ["which picture has a disc"], "instruction": " Find pictures that match "},
    "instruction with a sign": {"input": ["a disc", {"text": ""}], "instruction": "Find it!"},
    "pictures": {"input": [{"image": "PICTURE0"}, {"image": ["PICTURE1", "PICTURE0"], "text": "two of them"}, {"text": "a picture", "image": "PICTURE2"}]},
    "video": {"input": [{"video": "FRAMES"}, {"video": "FRAMES", "text": "moves"}], "instruction": "Describe the motion."},
    "dimensions": {"input": ["hello", {"image": "PICTURE1"}], "dimensions": 24},
}


def without_controls(file):
    """A tokenizer that never makes a control token of text."""
    return Tokenizer.from_str(json.dumps(json.loads(file.read_text()) | {"added_tokens": []}))


def sentence(instruction):
    """As the published script writes an instruction."""
    instruction = (instruction or "").strip()
    if instruction and not unicodedata.category(instruction[-1]).startswith("P"):
        instruction += "."
    return instruction or DEFAULT


def messages(request, item, folder, limits):
    system = {"role": "system", "content": [{"type": "text", "text": sentence(request.get("instruction"))}]}
    return [system, {"role": "user", "content": processing.content(item, folder, limits)}]


def vectors(model, processor, tokenizer, plain, request, folder):
    rows, tally = [], {}
    for item in request["input"]:
        prepared = processing.prepare(processor, tokenizer, plain, request, item, folder, LIMITS, tally)
        state = vl_model.last_hidden(model, prepared)[-1][: request.get("dimensions")].double()
        rows.append({"ids": len(prepared["ids"]), "embedding": [float(f"{v:.8g}") for v in (state / state.norm()).tolist()]})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", help="folders of models")
    options = parser.parse_args()
    torch.set_num_threads(2)
    processing.messages = messages
    vl = Path(__file__).parent.parent / "fixtures" / "vl"
    for folder in options.models or [vl / "vl-tied", vl / "vl-untied"]:
        folder = folder.resolve()
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        plain = without_controls(folder / "tokenizer.json")
        processor = processing.make_processor(folder / "tokenizer.json")
        model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        pictures = sorted({p for case in json.loads((folder / "cases.json").read_text())["cases"] for d in case["request"]["documents"] if isinstance(d, dict) for p in processing.as_list(d.get("image"))})
        frames = next(d["video"] for case in json.loads((folder / "cases.json").read_text())["cases"] for d in case["request"]["documents"] if isinstance(d, dict) and d.get("video"))[:4]
        text = json.dumps(REQUESTS).replace('"FRAMES"', json.dumps(frames))
        for k in range(3):
            text = text.replace(f"PICTURE{k}", pictures[k])
        cases = [{"name": name, "request": request, "data": vectors(model, processor, tokenizer, plain, request, folder)} for name, request in json.loads(text).items()]
        (folder / "embeddings.json").write_text(json.dumps({"cases": cases}, ensure_ascii=True, separators=(",", ":")) + "\n")
        print(folder.name, sum(len(case["data"]) for case in cases), "vectors")


if __name__ == "__main__":
    main()
