"""Compares scores of the shipped files in `secondpass rerank` with Transformers on the weights before quantization.

    python check_engine.py --binary secondpass --hf build/hf --gguf TEXT.gguf MMPROJ.gguf
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import Qwen2VLImageProcessorFast, Qwen3VLForConditionalGeneration

import emoji as emoji_data
import export
import make_gallery
import pictures
import tokenizer as tokens

QUERIES = ["something to cut paper", "red fruit", "a happy face"]
NAMES = ["scissors", "newspaper", "red apple", "grinning face", "dog face", "umbrella"]


def prompt_ids(tokenizer, query, pads):
    text = (f"<|im_start|>system\n{tokens.SYSTEM}<|im_end|>\n<|im_start|>user\n<Instruct>: {tokens.INSTRUCTION}<Query>:{query}\n<Document>:"
            f"<|vision_start|>{'<|image_pad|>' * pads}<|vision_end|><|im_end|>\n<|im_start|>assistant\n")
    return tokenizer.encode(text).ids


@torch.no_grad()
def reference(hf, tokenizer, processor, query, picture):
    inputs = processor(images=[picture], return_tensors="pt")
    ids = torch.tensor([prompt_ids(tokenizer, query, int(inputs["image_grid_thw"].prod()) // 4)])
    hidden = hf.model(input_ids=ids, attention_mask=torch.ones_like(ids), **inputs).last_hidden_state[0, -1]
    head = hf.get_output_embeddings().weight
    return torch.sigmoid(hidden @ (head[tokenizer.token_to_id("yes")] - head[tokenizer.token_to_id("no")])).item()


def engine(options, folder, query, files):
    request = folder / "request.json"
    request.write_text(json.dumps({"query": query, "documents": [{"image": f} for f in files]}))
    command = [options.binary, "rerank", "--model", str(options.gguf[0]), "--vision", str(options.gguf[1]), "--request", str(request), "--device", "cpu",
               "--max-image-pixels", str(export.LARGEST)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {r["index"]: r["relevance_score"] for r in json.loads(done.stdout)["results"]}
    return [found[i] for i in range(len(files))]


def over_gallery(options, folder, query, emoji, first=5):
    """Ranks the whole gallery with the engine, like the demo, and returns the best as text."""
    shown = make_gallery.chosen(emoji, 280)
    for e in shown:
        pictures.square(pictures.noto(e.text), make_gallery.SIDE).save(folder / f"gallery-{e.code}.png")
    scores = engine(options, folder, query, [f"gallery-{e.code}.png" for e in shown])
    order = np.argsort(-np.array(scores))[:first]
    return f"“{query}” over the {len(shown)} pictures of the gallery: " + ", ".join(f"{shown[i].name} {scores[i]:.4f}" for i in order)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="secondpass")
    parser.add_argument("--hf", type=Path, required=True)
    parser.add_argument("--gguf", type=Path, nargs=2, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    emoji, _ = emoji_data.load()
    by_name = {e.name: e for e in emoji}
    plain = Qwen3VLForConditionalGeneration.from_pretrained(options.hf, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = Tokenizer.from_file(str(options.hf / "tokenizer.json"))
    processor = Qwen2VLImageProcessorFast.from_pretrained(options.hf)
    worst = 0.0
    with tempfile.TemporaryDirectory() as temporary:
        folder, files, samples = Path(temporary), [], []
        for name, side in zip(NAMES, (64, 64, 96, 136, 96, 64)):
            picture = pictures.square(pictures.noto(by_name[name].text), side)
            picture.save(folder / f"{name}.png")
            files.append(f"{name}.png")
            samples.append(picture)
        for query in QUERIES:
            ours = engine(options, folder, query, files)
            theirs = [reference(plain, tokenizer, processor, query, p) for p in samples]
            worst = max(worst, float(np.abs(np.array(ours) - theirs).max()))
            for name, a, b in zip(NAMES, ours, theirs):
                print(f"{query:24} {name:16} engine, Q8_0 {a:.4f}   Transformers, f32 {b:.4f}   {abs(a - b):.4f}")
        print(over_gallery(options, folder, QUERIES[0], emoji))
    print(f"largest difference {worst:.4f} over {len(QUERIES) * len(NAMES)} pairs")


if __name__ == "__main__":
    main()
